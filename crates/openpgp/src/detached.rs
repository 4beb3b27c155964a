//! Signatures that stand apart from what they are of: those of commits and tags.
//!
//! What is old and weak is refused here, though gpg takes it: whoever forges a commit gains a cluster.

use crate::key::hex;
use crate::packet::packets;
use crate::signature::kind;
use crate::{Entity, Error, Keyring, Signature, armor};

impl Signature {
    /// The first signature of some packets, in armour or without. Whether it can be computed with is
    /// told when it is verified.
    ///
    /// # Errors
    /// When there is none of version 4.
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        let blocks = armor::dearmor(data)?.unwrap_or_else(|| vec![data.to_vec()]);
        for block in &blocks {
            if let Some(packet) = packets(block)?.iter().find(|packet| packet.tag == 2) {
                return Self::parse(packet.body);
            }
        }
        Err(Error::Malformed("no signature"))
    }

    /// The key or subkey that it names: 16 hexadecimal digits in capitals.
    pub fn key_id(&self) -> Option<String> {
        self.issuer_id().map(hex)
    }

    /// Its algorithm, in gpg's word.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            1 | 3 => "RSA",
            17 => "DSA",
            19 => "ECDSA",
            22 | 27 => "EDDSA",
            _ => "unknown",
        }
    }
}

impl Keyring {
    /// Who made a signature of `data`, at a time in seconds since 1970. A signature of a text is taken
    /// with the line ends that the standard asks for.
    ///
    /// # Errors
    /// When nobody of the keyring did, the signature or its key holds no more, or it is weak: with
    /// SHA-1, or with RSA below 2048 bits.
    pub fn verify_detached(
        &self,
        signature: &Signature,
        data: &[u8],
        now: i64,
    ) -> Result<&Entity, Error> {
        let text;
        let data = if signature.kind == kind::TEXT {
            text = with_line_ends(data);
            &text
        } else {
            data
        };
        let (entity, key) = self.signer(signature, data, now)?;
        if key.is_short() || entity.is_short() {
            return Err(Error::Weak("RSA with less than 2048 bits"));
        }
        Ok(entity)
    }
}

/// Lines that end with CR LF.
fn with_line_ends(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(data.len());
    for (i, line) in data.split(|byte| *byte == b'\n').enumerate() {
        if i > 0 {
            text.extend(b"\r\n");
        }
        text.extend(line.strip_suffix(b"\r").unwrap_or(line));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-12-01.
    const NOW: i64 = 1_796_083_200;

    fn data(name: &str) -> Vec<u8> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/detached/");
        std::fs::read(format!("{path}{name}")).unwrap()
    }

    fn binary(name: &str) -> Vec<u8> {
        armor::dearmor(&data(name)).unwrap().unwrap().concat()
    }

    fn keys(names: &[&str]) -> Keyring {
        let mut ring = Keyring::default();
        for name in names {
            ring.extend(Keyring::read(&data(&format!("{name}.asc"))).unwrap());
        }
        ring
    }

    /// What comes of a signature; what is told of it, and whose key it names.
    #[track_caller]
    fn check(
        signature: &str,
        ring: &[&str],
        payload: &[u8],
        outcome: &Result<(), Error>,
        told: [&str; 3],
    ) {
        let signature = Signature::read(&data(signature)).unwrap();
        let ring = keys(ring);
        let found = ring.verify_detached(&signature, payload, NOW);
        assert_eq!(&found.clone().map(|_| ()), outcome);
        let named = ring.named(&signature).next().map(|(entity, _)| entity);
        let user = |entity: &Entity| entity.identities().join(", ");
        if let Ok(entity) = found {
            assert_eq!(user(entity), told[2]);
        }
        let user = named.map(user).unwrap_or_default();
        assert_eq!([&signature.key_id().unwrap(), signature.algorithm(), &user], told);
    }

    #[test]
    fn as_gpg() {
        let payload = data("payload");
        let all = ["robot", "curve", "nist", "sub", "gone", "old"];
        let robot = ["4685AA86F9B64E4B", "RSA", "Trusted Robot <robot@windlass.dev>"];
        check("robot.sig", &all, &payload, &Ok(()), robot);
        let curve = ["1760A935F31AC3B8", "EDDSA", "Curve Robot <curve@windlass.dev>"];
        check("curve.sig", &all, &payload, &Ok(()), curve);
        let nist = ["A6C9D756F972F3EB", "ECDSA", "Nist Robot <nist@windlass.dev>"];
        check("nist.sig", &all, &payload, &Ok(()), nist);
        let sub = ["54B5E1FBB9469306", "EDDSA", "Sub Robot <sub@windlass.dev>"];
        check("sub.sig", &all, &payload, &Ok(()), sub);
        let stranger = ["732257A1125E981B", "EDDSA", ""];
        check("stranger.sig", &all, &payload, &Err(Error::UnknownIssuer), stranger);
        let old = ["9C0E4128D9F80BBE", "EDDSA", "Old Robot <old@windlass.dev>"];
        check("old.sig", &all, &payload, &Err(Error::ExpiredKey), old);
        let gone = ["1215D30318ABB321", "EDDSA", "Gone Robot <gone@windlass.dev>"];
        check("gone.sig", &all, &payload, &Err(Error::Revoked), gone);
    }

    #[test]
    fn what_was_changed_or_is_weak_is_bad() {
        let mut payload = data("payload");
        payload[3] ^= 1;
        let bad = |why| Err(Error::Invalid(why));
        let robot = ["4685AA86F9B64E4B", "RSA", "Trusted Robot <robot@windlass.dev>"];
        check("robot.sig", &["robot"], &payload, &bad("RSA verification failure"), robot);
        let curve = ["1760A935F31AC3B8", "EDDSA", "Curve Robot <curve@windlass.dev>"];
        check("curve.sig", &["curve"], &payload, &bad("EdDSA verification failure"), curve);
        // SHA-1, which gpg still takes for data.
        let weak = Err(Error::Weak("SHA1 of a message"));
        check("weak.sig", &["robot"], &data("payload"), &weak, robot);
    }

    #[test]
    fn a_short_key_signs_nothing() {
        let short = ["8194DC638E85F679", "RSA", "Short Robot <short@windlass.dev>"];
        let weak = Err(Error::Weak("RSA with less than 2048 bits"));
        check("short.sig", &["short"], &data("payload"), &weak, short);
    }

    #[test]
    fn a_text_is_the_same_with_any_line_ends() {
        let text = ["BC87A25B158DC130", "EDDSA", "Text Robot <text@windlass.dev>"];
        let payload = data("payload");
        check("text.sig", &["text"], &payload, &Ok(()), text);
        let other = String::from_utf8(payload).unwrap().replace('\n', "\r\n");
        check("text.sig", &["text"], other.as_bytes(), &Ok(()), text);
        let bad = Err(Error::Invalid("RSA verification failure"));
        let robot = ["4685AA86F9B64E4B", "RSA", "Trusted Robot <robot@windlass.dev>"];
        check("robot.sig", &["robot"], other.as_bytes(), &bad, robot);
    }

    #[test]
    fn keys_are_read() {
        let ring = keys(&["robot", "sub"]);
        let found: Vec<_> =
            ring.entities().iter().map(|e| (e.id(), e.identities().to_vec())).collect();
        let expected = [
            ("4685AA86F9B64E4B", "Trusted Robot <robot@windlass.dev>"),
            ("4EECC6D4F62F07E3", "Sub Robot <sub@windlass.dev>"),
        ];
        assert_eq!(found, expected.map(|(id, user)| (id.to_owned(), vec![user.to_owned()])));
        assert_eq!(
            hex(ring.entities()[0].fingerprint()),
            "252E732D4FDB7D84F5DE458D4685AA86F9B64E4B"
        );
        assert!(Signature::read(&data("robot.asc")).is_ok(), "a key has signatures of itself");
        assert!(Signature::read(b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n").is_err());
        assert!(Keyring::read(b"nothing").is_err());
    }

    /// Where the packets of an export of gpg begin, which have old headers.
    fn begins(data: &[u8]) -> Vec<usize> {
        let (mut at, mut begins) = (0, Vec::new());
        while at < data.len() {
            begins.push(at);
            let wide = data[at] & 1;
            let length = |i: usize| usize::from(data[at + i]);
            at += match wide {
                0 => 2 + length(1),
                _ => 3 + (length(1) << 8) + length(2),
            };
        }
        begins
    }

    #[test]
    fn a_subkey_that_the_key_has_not_bound_is_not_its_own() {
        let sub = binary("sub.asc");
        let begin = begins(&sub).into_iter().find(|at| sub[*at] >> 2 & 0xf == 14).unwrap();
        let grafted = [&binary("robot.asc"), &sub[begin..]].concat();
        let signature = Signature::read(&data("sub.sig")).unwrap();
        let ring = Keyring::read(&grafted).unwrap();
        let found = ring.verify_detached(&signature, &data("payload"), NOW);
        assert_eq!(found.err(), Some(Error::UnknownIssuer));
    }

    #[test]
    fn a_key_that_has_not_signed_its_name_is_left_out() {
        let mut renamed = binary("robot.asc");
        let at = renamed.windows(5).position(|window| window == b"Robot").unwrap();
        renamed[at..at + 5].copy_from_slice(b"Other");
        assert!(Keyring::read(&renamed).unwrap().entities().is_empty());
    }

    proptest! {
        #[test]
        fn any_data_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Keyring::read(&bytes);
            let _ = Signature::read(&bytes);
        }

        #[test]
        fn a_signature_with_any_change_is_never_another_ones(at in 0_usize..500, bit in 0_u8..8) {
            let mut binary = binary("robot.sig");
            let at = at % binary.len();
            binary[at] ^= 1 << bit;
            if let Ok(signature) = Signature::read(&binary) {
                let ring = keys(&["curve", "nist"]);
                let found = ring.verify_detached(&signature, &data("payload"), NOW);
                prop_assert!(found.is_err());
            }
        }
    }
}
