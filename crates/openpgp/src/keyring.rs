//! Keyrings: binary, in armour, or GnuPG's keybox.
//!
//! A user id counts if the primary key signed it; a subkey if the primary key signed it and, where it
//! is to sign, it signed the primary key. Otherwise anybody could hang a key of theirs on another's.

use crate::Error;
use crate::armor::{self, Cleartext};
use crate::key::{Key, hex};
use crate::packet::{Packet, packets};
use crate::secret::{Sealed, SigningKey};
use crate::signature::{Hash, Signature, kind};

/// The packet of a secret key.
const SECRET: u8 = 5;
/// What a key may do: sign.
const SIGN: u8 = 0x02;
/// Keys that a keyring holds at most, subkeys included.
const MOST: usize = 10_000;

/// Somebody with keys.
#[derive(Clone, Debug)]
pub struct Entity {
    primary: Member,
    identities: Vec<String>,
    subkeys: Vec<Member>,
    /// The primary key's secret part, in a keyring that holds it.
    secret: Option<Sealed>,
}

/// A key, and what the primary key says of it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    key: Key,
    flags: Option<u8>,
    lifetime: i64,
    is_revoked: bool,
    /// When that was said.
    said: i64,
}

impl Member {
    fn new(key: Key) -> Self {
        Self { key, flags: None, lifetime: 0, is_revoked: false, said: 0 }
    }

    /// Takes in what a signature says, unless something later was said.
    fn take(&mut self, signature: &Signature) {
        if signature.created >= self.said {
            self.said = signature.created;
            self.flags = signature.flags;
            self.lifetime = signature.key_lifetime;
        }
    }

    fn is_expired(&self, now: i64) -> bool {
        self.lifetime != 0 && self.key.created.saturating_add(self.lifetime) <= now
    }
}

impl Entity {
    /// User ids, such as `Name <address>`.
    pub fn identities(&self) -> &[String] {
        &self.identities
    }

    /// The identity of the primary key: 16 hexadecimal digits in capitals.
    pub fn id(&self) -> String {
        hex(&self.primary.key.fingerprint[12..])
    }

    /// What the primary key is, in GnuPG's words: `rsa2048`, `ed25519`, `nistp256`.
    pub fn algorithm(&self) -> String {
        self.primary.key.algorithm()
    }

    /// The fingerprint of the primary key.
    pub fn fingerprint(&self) -> &[u8] {
        &self.primary.key.fingerprint
    }

    /// Whether the keyring holds its secret key; and if so, whether it takes a passphrase.
    pub fn secret_is_locked(&self) -> Option<bool> {
        self.secret.as_ref().map(Sealed::is_locked)
    }

    /// The primary key, to sign with; one that is not locked takes any passphrase.
    ///
    /// # Errors
    /// When there is none, the passphrase is wrong, or it is of a kind that is not known here.
    pub fn unlock(&self, passphrase: &[u8]) -> Result<SigningKey, Error> {
        let sealed = self.secret.as_ref().ok_or(Error::NoKeys)?;
        SigningKey::open(&self.primary.key, sealed, passphrase)
    }

    /// Whether its primary key is of RSA below 2048 bits, so that whoever breaks it could bind another.
    pub(crate) fn is_short(&self) -> bool {
        self.primary.key.is_short()
    }

    /// The keys that may sign.
    fn signers(&self) -> impl Iterator<Item = &Member> {
        let may = |member: &&Member, unsaid: bool| member.flags.map_or(unsaid, |f| f & SIGN != 0);
        let primary = Some(&self.primary).filter(|member| may(member, true));
        primary.into_iter().chain(self.subkeys.iter().filter(move |member| may(member, false)))
    }

    /// From a primary key's packet and those behind it; none where it is no good.
    fn read(packets: &[Packet<'_>]) -> Option<Self> {
        let (first, rest) = packets.split_first()?;
        let mut entity = Self {
            primary: Member::new(Key::read(first.body).ok()?),
            identities: Vec::new(),
            subkeys: Vec::new(),
            secret: None,
        };
        if first.tag == SECRET {
            entity.secret = Some(Sealed(first.body[entity.primary.key.body.len()..].to_vec()));
        }
        let whole = entity.primary.key.signed();
        // What the signatures that come are over.
        enum Over {
            Primary,
            Identity(String, i64, bool),
            Subkey(Box<Member>, bool),
            Nothing,
        }
        let mut over = Over::Primary;
        let close = |entity: &mut Self, over: Over| match over {
            Over::Identity(name, made, true) if made > 0 => entity.identities.push(name),
            Over::Subkey(member, true) => entity.subkeys.push(*member),
            _ => {}
        };
        for packet in rest {
            match packet.tag {
                13 => {
                    let name = String::from_utf8_lossy(packet.body).into_owned();
                    let next = Over::Identity(name, 0, false);
                    close(&mut entity, std::mem::replace(&mut over, next));
                }
                7 | 14 => {
                    let next = match Key::read(packet.body) {
                        Ok(key) => Over::Subkey(Box::new(Member::new(key)), false),
                        Err(_) => Over::Nothing,
                    };
                    close(&mut entity, std::mem::replace(&mut over, next));
                }
                2 => {
                    let Ok(signature) = Signature::parse(packet.body) else { continue };
                    if !entity.primary.key.made(&signature) {
                        continue;
                    }
                    match &mut over {
                        Over::Primary => entity.over_itself(&signature, &whole),
                        Over::Identity(name, made, counts) => {
                            let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
                            let over =
                                [&whole, &[0xB4][..], &length.to_be_bytes(), name.as_bytes()]
                                    .concat();
                            if entity.primary.key.verify(&signature, &over).is_err() {
                                continue;
                            }
                            if signature.created >= *made {
                                *made = signature.created;
                                *counts = kind::CERTIFICATIONS.contains(&signature.kind);
                            }
                            if kind::CERTIFICATIONS.contains(&signature.kind) {
                                entity.primary.take(&signature);
                            }
                        }
                        Over::Subkey(member, counts) => {
                            entity.over_subkey(&signature, &whole, member, counts);
                        }
                        Over::Nothing => {}
                    }
                }
                // A picture, and what others may say of it.
                17 => close(&mut entity, std::mem::replace(&mut over, Over::Nothing)),
                _ => {}
            }
        }
        close(&mut entity, over);
        (!entity.identities.is_empty()).then_some(entity)
    }

    fn over_itself(&mut self, signature: &Signature, whole: &[u8]) {
        if self.primary.key.verify(signature, whole).is_ok() {
            match signature.kind {
                kind::KEY_REVOCATION => self.primary.is_revoked = true,
                kind::DIRECT => self.primary.take(signature),
                _ => {}
            }
        }
    }

    fn over_subkey(
        &self,
        signature: &Signature,
        whole: &[u8],
        member: &mut Member,
        counts: &mut bool,
    ) {
        let both = [whole, &member.key.signed()].concat();
        if self.primary.key.verify(signature, &both).is_err() {
            return;
        }
        if signature.kind == kind::SUBKEY_REVOCATION {
            member.is_revoked = true;
        }
        if signature.kind != kind::BINDING {
            return;
        }
        if signature.flags.is_some_and(|flags| flags & SIGN != 0) {
            let back = signature.embedded.as_deref().map(Signature::parse);
            let Some(Ok(back)) = back else { return };
            if back.kind != kind::BACK || member.key.verify(&back, &both).is_err() {
                return;
            }
        }
        *counts = true;
        member.take(signature);
    }
}

/// Keys that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Vec<Entity>);

impl Keyring {
    /// Reads a keyring file.
    ///
    /// # Errors
    /// When it is none, or armour without a key.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.get(8..12) == Some(b"KBXf") {
            let mut all = Vec::new();
            for keys in keybox(bytes)? {
                all.extend(entities(keys)?);
            }
            return Ok(Self(all));
        }
        if let Some(blocks) = armor::dearmor(bytes)? {
            let mut all = Vec::new();
            for block in blocks {
                all.extend(entities(&block)?);
            }
            return if all.is_empty() { Err(Error::NoKeys) } else { Ok(Self(all)) };
        }
        entities(bytes).map(Self)
    }

    /// Adds the keys of another one.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Those who have keys in it.
    pub fn entities(&self) -> &[Entity] {
        &self.0
    }

    /// Who signed a text, at a time in seconds since 1970.
    ///
    /// # Errors
    /// When nobody of the keyring did, or the signature or its key holds no more.
    pub fn verify(&self, text: &Cleartext, now: i64) -> Result<&Entity, Error> {
        for packet in packets(&text.signature)?.iter().filter(|packet| packet.tag == 2) {
            let signature = Signature::parse(packet.body)?;
            // The first one by somebody who is known decides.
            match self.signer(&signature, &text.signed, now) {
                Err(Error::UnknownIssuer) => {}
                decided => return decided.map(|(entity, _)| entity),
            }
        }
        Err(Error::UnknownIssuer)
    }

    /// The keys that may sign and that a signature names.
    pub(crate) fn named(&self, signature: &Signature) -> impl Iterator<Item = (&Entity, &Member)> {
        let all = self.0.iter().flat_map(|e| e.signers().map(move |member| (e, member)));
        all.filter(|(_, member)| member.key.made(signature))
    }

    /// Who made a signature of a message, and with which key.
    pub(crate) fn signer(
        &self,
        signature: &Signature,
        message: &[u8],
        now: i64,
    ) -> Result<(&Entity, &Key), Error> {
        if !matches!(signature.kind, kind::TEXT | kind::BINARY) {
            return Err(Error::Invalid("it is over no text"));
        }
        let mut failure = Error::UnknownIssuer;
        for (entity, member) in self.named(signature) {
            if matches!(signature.scheme, Ok((Hash::Sha1, _))) {
                return Err(Error::Weak("SHA1 of a message"));
            }
            if let Err(error) = member.key.verify(signature, message) {
                failure = error;
                continue;
            }
            if member.is_revoked || entity.primary.is_revoked {
                return Err(Error::Revoked);
            }
            if signature.is_expired(now) {
                return Err(Error::ExpiredSignature);
            }
            if member.is_expired(now) || entity.primary.is_expired(now) {
                return Err(Error::ExpiredKey);
            }
            return Ok((entity, &member.key));
        }
        Err(failure)
    }
}

/// The entities of some packets: each from a primary key to the next.
fn entities(bytes: &[u8]) -> Result<Vec<Entity>, Error> {
    let packets = packets(bytes)?;
    if packets.iter().filter(|packet| matches!(packet.tag, 5 | 6 | 7 | 14)).count() > MOST {
        return Err(Error::Malformed("too many keys"));
    }
    let starts: Vec<usize> =
        (0..packets.len()).filter(|i| matches!(packets[*i].tag, 5 | 6)).collect();
    let ends = starts.iter().skip(1).copied().chain([packets.len()]);
    Ok(starts.iter().zip(ends).filter_map(|(from, to)| Entity::read(&packets[*from..to])).collect())
}

/// The key blocks of a keybox file.
fn keybox(bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    const BAD: Error = Error::Malformed("keybox");
    let number = |bytes: &[u8], at: usize| -> Result<usize, Error> {
        let four = bytes.get(at..at + 4).ok_or(BAD)?;
        Ok(four.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
    };
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = number(rest, 0)?;
        let (blob, next) = rest.split_at_checked(length).filter(|_| length >= 5).ok_or(BAD)?;
        if blob[4] == 2 {
            let (from, size) = (number(blob, 8)?, number(blob, 12)?);
            let end = from.checked_add(size).ok_or(BAD)?;
            found.push(blob.get(from..end).ok_or(BAD)?);
        }
        rest = next;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../tests/fixtures/", $name))
        };
    }

    /// 2026-12-01.
    const NOW: i64 = 1_796_083_200;

    fn text(file: &[u8]) -> Cleartext {
        Cleartext::find(&String::from_utf8_lossy(file)).unwrap().unwrap()
    }

    /// Who signed, or why that is not told.
    fn check(ring: &[u8], file: &[u8], expected: &str) {
        let ring = Keyring::read(ring).unwrap();
        let found = match ring.verify(&text(file), NOW) {
            Ok(entity) => entity.identities().join(", "),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn signatures_of_gnupg() {
        let unknown = "openpgp: signature made by unknown entity";
        let rsa = "Plain RSA <rsa@test.invalid>";
        let sub = "With Subkey <sub@test.invalid>";
        check(file!("rsa.pub.asc"), file!("rsa.txt.asc"), rsa);
        check(file!("sub.pub.asc"), file!("sub.txt.asc"), sub);
        check(file!("rsa.pub.asc"), file!("sub.txt.asc"), unknown);
        check(file!("both.gpg"), file!("sub.txt.asc"), sub);
        check(file!("all.kbx"), file!("rsa.txt.asc"), rsa);
        check(file!("old.pub.asc"), file!("old.txt.asc"), "openpgp: key expired");
        check(
            file!("revoked.pub.asc"),
            file!("revoked.txt.asc"),
            "openpgp: signature made by revoked key",
        );
        let tampered = String::from_utf8_lossy(file!("rsa.txt.asc")).replace("1.0.0", "1.0.1");
        check(
            file!("rsa.pub.asc"),
            tampered.as_bytes(),
            "openpgp: invalid signature: RSA verification failure",
        );
        let fingerprint = Keyring::read(file!("rsa.pub.asc")).unwrap();
        assert_eq!(fingerprint.0[0].fingerprint().len(), 20);
        assert_eq!(
            Keyring::read(b"-----BEGIN PGP X-----\n\n-----END PGP X-----").err(),
            Some(Error::NoKeys)
        );
        assert!(Keyring::read(b"no keyring").is_err());
    }

    #[test]
    fn a_key_that_the_primary_key_did_not_sign_is_none_of_its() {
        // Another's subkey, and what binds it to that other, hung on a trusted key.
        let own = armor::blocks(&String::from_utf8_lossy(file!("rsa.pub.asc"))).unwrap();
        let other = armor::blocks(&String::from_utf8_lossy(file!("sub.pub.asc"))).unwrap();
        let mut grafted = own[0].clone();
        let parts = packets(&other[0]).unwrap();
        let from = parts.iter().position(|packet| packet.tag == 14).unwrap();
        for packet in &parts[from..] {
            grafted.push(0xC0 | packet.tag);
            grafted.push(0xFF);
            grafted.extend(u32::try_from(packet.body.len()).unwrap().to_be_bytes());
            grafted.extend(packet.body);
        }
        let unknown = "openpgp: signature made by unknown entity";
        check(&grafted, file!("sub.txt.asc"), unknown);
        check(&grafted, file!("rsa.txt.asc"), "Plain RSA <rsa@test.invalid>");
        // A primary key whose user id another signed is nobody.
        let mut nameless: Vec<u8> = Vec::new();
        for packet in packets(&own[0]).unwrap().iter().filter(|packet| packet.tag != 2) {
            nameless.push(0xC0 | packet.tag);
            nameless.push(0xFF);
            nameless.extend(u32::try_from(packet.body.len()).unwrap().to_be_bytes());
            nameless.extend(packet.body);
        }
        check(&nameless, file!("rsa.txt.asc"), unknown);
    }

    #[test]
    fn cut_and_changed_bytes_are_errors() {
        let whole = file!("both.gpg");
        for end in 0..whole.len() {
            let _ = Keyring::read(&whole[..end]);
        }
        let signed = text(file!("sub.txt.asc"));
        let ring = Keyring::read(whole).unwrap();
        for at in 0..signed.signature.len() {
            let mut other = signed.clone();
            other.signature[at] ^= 0x41;
            // What is not hashed only names the key.
            if let Ok(entity) = ring.verify(&other, NOW) {
                assert_eq!(entity.identities(), ["With Subkey <sub@test.invalid>"]);
            }
        }
    }
}
