//! Passwords: hashed, derived, and used as keys.

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use windlass_gotemplate::{CallError, Type, Value};

use crate::encode::{base64, decode_base64};
use crate::random::Random;
use crate::table::{Table, bytes, string, text};

use Type::String as Str;

/// What `bcrypt` costs: Go's default.
const COST: u32 = 10;

pub(super) fn add(t: &mut Table, random: &Random) {
    let r = random.clone();
    t.put(&["bcrypt"], &[Str], move |a| string(bcrypt(&r, bytes(&a[0]))));
    let r = random.clone();
    t.put(&["htpasswd"], &[Str, Str], move |a| {
        let user = text(&a[0]);
        if user.contains(':') {
            return string(format!("invalid username: {user}"));
        }
        string(format!("{user}:{}", bcrypt(&r, bytes(&a[1]))))
    });
    t.put(&["derivePassword"], &[Type::Uint32, Str, Str, Str, Str], |a| {
        let counter = match &a[0] {
            Value::Int(n) => u32::try_from(*n).unwrap_or_default(),
            _ => 0,
        };
        string(derived(counter, &text(&a[1]), bytes(&a[2]), bytes(&a[3]), bytes(&a[4])))
    });
    let r = random.clone();
    t.put(&["encryptAES"], &[Str, Str], move |a| {
        if bytes(&a[1]).is_empty() {
            return string("");
        }
        let mut iv = [0; 16];
        r.fill(&mut iv);
        let mut data = bytes(&a[1]).to_vec();
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key(bytes(&a[0]))?).map_err(unspecified)?;
        let context = EncryptionContext::Iv128(FixedLength::from(&iv));
        key.less_safe_encrypt(&mut data, context).map_err(unspecified)?;
        string(base64(&[&iv[..], &data].concat()))
    });
    t.put(&["decryptAES"], &[Str, Str], |a| {
        if bytes(&a[1]).is_empty() {
            return string("");
        }
        let sealed = decode_base64(bytes(&a[1]))?;
        let Some((iv, data)) = sealed.split_first_chunk::<16>() else {
            let length = sealed.len();
            return Err(format!(
                "runtime error: slice bounds out of range [:16] with capacity {length}"
            )
            .into());
        };
        if data.len() % 16 != 0 {
            return Err("crypto/cipher: input not full blocks".into());
        }
        let mut data = data.to_vec();
        let key = DecryptingKey::cbc(key(bytes(&a[0]))?).map_err(unspecified)?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let plain = key.decrypt(&mut data, context).map_err(unspecified)?;
        // The last byte says how many are none of the text's, whatever the password was.
        let padding = usize::from(plain.last().copied().unwrap_or_default());
        match plain.len().checked_sub(padding) {
            Some(length) => Ok(Value::text(plain[..length].to_vec())),
            None => {
                let beyond = padding - plain.len();
                Err(format!("runtime error: slice bounds out of range [:-{beyond}]").into())
            }
        }
    });
}

/// The library says no more.
fn unspecified(_: aws_lc_rs::error::Unspecified) -> CallError {
    "the cipher failed".into()
}

/// The password's first 32 bytes, filled up with zeroes.
fn key(password: &[u8]) -> Result<UnboundCipherKey, CallError> {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    UnboundCipherKey::new(&AES_256, &key).map_err(unspecified)
}

fn bcrypt(random: &Random, password: &[u8]) -> String {
    const FAILED: &str = "failed to encrypt string with bcrypt";
    if password.len() > 72 {
        return format!("{FAILED}: bcrypt: password length exceeds 72 bytes");
    }
    let mut salt = [0; 16];
    random.fill(&mut salt);
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(hash) => hash.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("{FAILED}: {error}"),
    }
}

/// Templates of passwords by their type; a letter stands for a class of characters.
fn templates(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The Master Password algorithm.
fn derived(counter: u32, kind: &str, password: &[u8], user: &[u8], site: &[u8]) -> String {
    const SCOPE: &[u8] = b"com.lyndir.masterpassword";
    let Some(templates) = templates(kind) else {
        return format!("cannot find password template {kind}");
    };
    let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let salt = [SCOPE, &length(user), user].concat();
    let mut key = [0; 64];
    let made = scrypt::Params::new(15, 8, 2)
        .map_err(|e| e.to_string())
        .and_then(|p| scrypt::scrypt(password, &salt, &p, &mut key).map_err(|e| e.to_string()));
    if let Err(error) = made {
        return format!("failed to derive password: {error}");
    }
    let message = [SCOPE, &length(site), site, &counter.to_be_bytes()].concat();
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &message);
    let seed = seed.as_ref();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let one = |(class, drawn): (u8, &u8)| {
        let all = characters(class);
        char::from(all[usize::from(*drawn) % all.len()])
    };
    template.bytes().zip(&seed[1..]).map(one).collect()
}
