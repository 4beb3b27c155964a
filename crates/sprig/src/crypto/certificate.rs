//! Certificates, laid out as Go's `x509.CreateCertificate` lays them out.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

use aws_lc_rs::digest;
use windlass_gotemplate::{CallError, Object, Type, Value, fmt};

use super::der::{OCTETS, OID, bits, element, elements, integer, pem, read, sequence, unpem};
use super::key::PrivateKey;
use crate::date::Time;
use crate::encode::decode_base64;
use crate::environment::Environment;
use crate::random::Random;
use crate::table::{Answer, Table, bytes, int, text};

use Type::{Int, List, String as Str};

const CERTIFICATE: &str = "sprig.certificate";
const RSA_BITS: usize = 2048;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];
const SUBJECT_KEY: &[u8] = &[0x55, 0x1D, 0x0E];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1D, 0x23];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1D, 0x11];
const SERVER_AND_CLIENT: [&[u8]; 2] = [
    &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
    &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02],
];

/// The functions that make certificates; each also as one that is given the key.
/// An authority, as an argument.
const CA: Type = Type::Object(CERTIFICATE);

pub(super) fn add(t: &mut Table, random: &Random, environment: &Environment) {
    let maker =
        |random: &Random| Maker { random: random.clone(), environment: environment.clone() };
    let m = maker(random);
    t.put(&["genCA"], &[Str, Int], move |a| m.authority(a, &m.new_key()?));
    let m = maker(random);
    t.put(&["genCAWithKey"], &[Str, Int, Str], move |a| m.authority(a, &given(&a[2])?));
    let m = maker(random);
    t.put(&["genSelfSignedCert"], &[Str, List, List, Int], move |a| {
        m.self_signed(a, &m.new_key()?)
    });
    let m = maker(random);
    t.put(&["genSelfSignedCertWithKey"], &[Str, List, List, Int, Str], move |a| {
        m.self_signed(a, &given(&a[4])?)
    });
    let m = maker(random);
    t.put(&["genSignedCert"], &[Str, List, List, Int, CA], move |a| m.signed(a, &m.new_key()?));
    let m = maker(random);
    t.put(&["genSignedCertWithKey"], &[Str, List, List, Int, CA, Str], move |a| {
        m.signed(a, &given(&a[5])?)
    });
    t.put(&["buildCustomCert"], &[Str, Str], |a| build_custom(&a[0], &a[1]));
}

fn given(key: &Value) -> Result<PrivateKey, CallError> {
    PrivateKey::from_pem(&text(key)).map_err(|e| format!("parsing private key: {e}").into())
}

fn build_custom(cert: &Value, key: &Value) -> Answer {
    let decode = |value: &Value, what: &str| {
        decode_base64(bytes(value)).map_err(|_| format!("unable to decode base64 {what}"))
    };
    let cert = decode(cert, "certificate")?;
    let key = decode(key, "private key")?;
    let (cert, key) = (String::from_utf8_lossy(&cert), String::from_utf8_lossy(&key));
    let (_, der) = unpem(&cert).ok_or("unable to decode certificate")?;
    Issuer::read(&der)
        .ok_or("error parsing certificate: decodedCert.Bytes: x509: malformed tbs certificate")?;
    PrivateKey::from_pem(&key).map_err(|e| format!("error parsing private key: {e}"))?;
    Ok(Certificate { cert: cert.into_owned(), key: key.into_owned() }.value())
}

/// What a certificate is to say.
struct Request {
    subject: Vec<u8>,
    days: i64,
    names: Vec<u8>,
    is_authority: bool,
}

impl Request {
    fn new(name: &Value, lists: Option<(&Value, &Value)>, days: &Value) -> Result<Self, CallError> {
        let mut names = Vec::new();
        if let Some((addresses, dns)) = lists {
            let mut packed = Vec::new();
            for address in items(addresses) {
                packed.extend(self::address(address)?);
            }
            for name in items(dns) {
                if name.string_bytes().is_none() {
                    let shown = fmt::print_one(name);
                    let words =
                        format!("error processing alternate dns name: {shown} is not a string");
                    return Err(words.into());
                }
                let name = text(name);
                if !name.is_ascii() {
                    let quoted = fmt::quote(&name);
                    let words = format!(
                        "error creating certificate: x509: {quoted} cannot be encoded as an IA5String"
                    );
                    return Err(words.into());
                }
                names.extend(element(0x82, name.as_bytes()));
            }
            names.extend(packed);
        }
        Ok(Self { subject: subject(&text(name)), days: int(days), names, is_authority: false })
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(list) => &list.items,
        _ => &[],
    }
}

fn address(value: &Value) -> Result<Vec<u8>, CallError> {
    if value.string_bytes().is_none() {
        let shown = fmt::print_one(value);
        return Err(format!("error parsing ip: {shown} is not a string").into());
    }
    let written = text(value);
    let address: IpAddr = written.parse().map_err(|_| format!("error parsing ip: {written}"))?;
    Ok(match address.to_canonical() {
        IpAddr::V4(v4) => element(0x87, &v4.octets()),
        IpAddr::V6(v6) => element(0x87, &v6.octets()),
    })
}

/// A name that is nothing but a common name; none if that is empty.
fn subject(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return sequence(&[]);
    }
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let tag = if common_name.chars().all(printable) { 0x13 } else { 0x0C };
    let pair = sequence(&[&element(OID, COMMON_NAME), &element(tag, common_name.as_bytes())]);
    sequence(&[&element(0x31, &pair)])
}

/// What is taken from the certificate that signs.
struct Issuer {
    subject: Vec<u8>,
    public_info: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

impl Issuer {
    fn read(der: &[u8]) -> Option<Self> {
        let body = elements(read(read(der)?.content)?.content);
        // The version may be left out.
        let first = usize::from(body.first()?.tag == 0xA0);
        let (subject, info) = (body.get(first + 4)?, body.get(first + 5)?);
        let extensions = body.iter().find(|e| e.tag == 0xA3).and_then(|e| read(e.content));
        let extensions = extensions.map(|e| elements(e.content)).unwrap_or_default();
        let key_id = extensions.iter().find_map(|extension| {
            let parts = elements(extension.content);
            let named = parts.first().is_some_and(|oid| oid.content == SUBJECT_KEY);
            let value = parts.last().filter(|_| named)?;
            read(value.content).map(|id| id.content.to_vec())
        });
        Some(Self { subject: subject.whole.to_vec(), public_info: info.whole.to_vec(), key_id })
    }
}

/// Makes certificates at a time, with serial numbers and keys from a seed.
#[derive(Clone)]
struct Maker {
    random: Random,
    environment: Environment,
}

impl Maker {
    fn new_key(&self) -> Result<PrivateKey, CallError> {
        PrivateKey::rsa(&self.random, RSA_BITS)
            .map_err(|e| format!("error generating rsa key: {e}").into())
    }

    fn authority(&self, a: &[Value], key: &PrivateKey) -> Answer {
        let request = Request { is_authority: true, ..Request::new(&a[0], None, &a[1])? };
        self.certificate(&request, key, None)
    }

    fn self_signed(&self, a: &[Value], key: &PrivateKey) -> Answer {
        self.certificate(&Request::new(&a[0], Some((&a[1], &a[2])), &a[3])?, key, None)
    }

    fn signed(&self, a: &[Value], key: &PrivateKey) -> Answer {
        let ca = match &a[4] {
            Value::Object(o) => o.as_any().downcast_ref::<Certificate>(),
            _ => None,
        };
        let ca = ca.ok_or("unable to decode certificate")?;
        let (_, der) = unpem(&ca.cert).ok_or("unable to decode certificate")?;
        let issuer = Issuer::read(&der).ok_or(
            "error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate",
        )?;
        let signer =
            PrivateKey::from_pem(&ca.key).map_err(|e| format!("error parsing private key: {e}"))?;
        let request = Request::new(&a[0], Some((&a[1], &a[2])), &a[3])?;
        if signer.public_info() != issuer.public_info {
            let words = "error creating certificate: x509: provided PrivateKey doesn't match \
                parent's PublicKey";
            return Err(words.into());
        }
        self.certificate(&request, key, Some((&issuer, &signer)))
    }

    /// A certificate for `key`, signed by the issuer, or by itself.
    fn certificate(
        &self,
        request: &Request,
        key: &PrivateKey,
        issuer: Option<(&Issuer, &PrivateKey)>,
    ) -> Answer {
        let signer = issuer.map_or(key, |(_, signer)| signer);
        let issuer_name = issuer.map_or(&request.subject, |(issuer, _)| &issuer.subject);
        let begin = self.environment.begin(request.days);
        let mut drawn = [0; 16];
        self.random.fill(&mut drawn);
        // One that is renewed is another certificate of the same issuer.
        let serial = digest::digest(&digest::SHA256, &[&drawn[..], &begin.to_be_bytes()].concat());
        let until = begin + i128::from(request.days) * 86_400_000_000_000;
        let algorithm = signer.algorithm();
        let extensions = sequence(&[&extensions(request, key, issuer.map(|(i, _)| i))]);
        let body = sequence(&[
            &element(0xA0, &integer(&[2])),
            &integer(&serial.as_ref()[..16]),
            &algorithm,
            issuer_name,
            &sequence(&[&time(begin), &time(until)]),
            &request.subject,
            &key.public_info(),
            &element(0xA3, &extensions),
        ]);
        let signature =
            signer.sign(&body).map_err(|e| format!("error creating certificate: {e}"))?;
        let der = sequence(&[&body, &algorithm, &bits(&signature)]);
        Ok(Certificate { cert: pem("CERTIFICATE", &der), key: key.to_pem() }.value())
    }
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xFF] } else { &[] };
    sequence(&[&element(OID, oid), critical, &element(OCTETS, value)])
}

fn extensions(request: &Request, key: &PrivateKey, issuer: Option<&Issuer>) -> Vec<u8> {
    // Digital signature and key encipherment, and for an authority certificate signing.
    let usage: &[u8] = if request.is_authority { &[2, 0xA4] } else { &[5, 0xA0] };
    let purposes: Vec<u8> = SERVER_AND_CLIENT.iter().flat_map(|p| element(OID, p)).collect();
    let constraints: &[u8] = if request.is_authority { &[0x01, 0x01, 0xFF] } else { &[] };
    let mut all = extension(KEY_USAGE, true, &element(super::der::BITS, usage));
    all.extend(extension(EXTENDED_KEY_USAGE, false, &sequence(&[&purposes])));
    all.extend(extension(BASIC_CONSTRAINTS, true, &sequence(&[constraints])));
    if request.is_authority {
        let hash = digest::digest(&digest::SHA256, key.public());
        all.extend(extension(SUBJECT_KEY, false, &element(OCTETS, &hash.as_ref()[..20])));
    }
    let authority = issuer.filter(|i| i.subject != request.subject).and_then(|i| i.key_id.as_ref());
    if let Some(id) = authority {
        all.extend(extension(AUTHORITY_KEY, false, &sequence(&[&element(0x80, id)])));
    }
    if !request.names.is_empty() {
        let unnamed = request.subject == sequence(&[]);
        all.extend(extension(ALTERNATIVE_NAMES, unnamed, &sequence(&[&request.names])));
    }
    all
}

/// With two digits of the year up to 2049, with four from then on.
fn time(nanos: i128) -> Vec<u8> {
    let time = Time::utc(nanos);
    let full = time.format("20060102150405Z");
    match full.get(..4).and_then(|y| y.parse::<u32>().ok()) {
        Some(1950..=2049) => element(0x17, &full.as_bytes()[2..]),
        _ => element(0x18, full.as_bytes()),
    }
}

/// A certificate with its key, as templates see it. The key is a secret: it is never in `Debug`.
struct Certificate {
    cert: String,
    key: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

impl Certificate {
    fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }
}

impl Object for Certificate {
    fn type_name(&self) -> &str {
        CERTIFICATE
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::string(self.cert.as_str())),
            "Key" => Some(Value::string(self.key.as_str())),
            _ => None,
        }
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn data(&self) -> Value {
        let field = |text: &str| Value::string(text);
        Value::map([("Cert", field(&self.cert)), ("Key", field(&self.key))])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
