//! Which cluster addresses and node ports services hold.
//!
//! A write takes what it needs before it is carried out; what a failed write took is free again after a while.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::Value;
use windlass_object::Object;

/// The first address of the range of services, and how many there are: 10.96.0.0/16.
const BASE: u32 = u32::from_be_bytes([10, 96, 0, 0]);
const SIZE: u32 = 1 << 16;
/// The ports of nodes.
const PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;
/// How long a write may hold what it has not confirmed.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// Who holds an address or a port.
#[derive(Clone)]
struct Holder {
    /// `namespace/name`.
    service: String,
    /// None when the service is written.
    pending: Option<Timestamp>,
}

/// What is taken.
#[derive(Default)]
pub struct Allocations {
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    addresses: HashMap<Ipv4Addr, Holder>,
    ports: HashMap<(u16, String), Holder>,
}

/// Why something cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Outside of the range.
    OutOfRange,
    /// Another service has it.
    Taken,
    /// Nothing is left.
    Exhausted,
}

impl Allocations {
    /// Takes the address that a service asks for, or any.
    pub(super) fn address(
        &self,
        service: &str,
        wanted: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<Ipv4Addr, Refusal> {
        let mut taken = self.taken.lock();
        if let Some(wanted) = wanted {
            let offset = u32::from(wanted).wrapping_sub(BASE);
            // The first and the last are the network's own.
            if !(1..SIZE - 1).contains(&offset) {
                return Err(Refusal::OutOfRange);
            }
            return claim(&mut taken.addresses, wanted, service, now).map(|()| wanted);
        }
        // The lowest addresses are left to services that ask for one by number.
        let start = random() % SIZE;
        for step in 0..SIZE {
            let offset = (start + step) % SIZE;
            let address = Ipv4Addr::from(BASE + offset);
            if (256..SIZE - 1).contains(&offset)
                && claim(&mut taken.addresses, address, service, now).is_ok()
            {
                return Ok(address);
            }
        }
        Err(Refusal::Exhausted)
    }

    /// Takes the port of a protocol that a service asks for, or any.
    pub(super) fn port(
        &self,
        service: &str,
        protocol: &str,
        wanted: Option<u16>,
        now: Timestamp,
    ) -> Result<u16, Refusal> {
        let mut taken = self.taken.lock();
        if let Some(wanted) = wanted {
            if !PORTS.contains(&wanted) {
                return Err(Refusal::OutOfRange);
            }
            let key = (wanted, protocol.to_owned());
            return claim(&mut taken.ports, key, service, now).map(|()| wanted);
        }
        let count = u32::from(PORTS.end() - PORTS.start()) + 1;
        let start = random() % count;
        for step in 0..count {
            let offset = u16::try_from((start + step) % count).unwrap_or_default();
            let port = PORTS.start() + offset;
            let key = (port, protocol.to_owned());
            if !taken.ports.contains_key(&key) && claim(&mut taken.ports, key, service, now).is_ok()
            {
                return Ok(port);
            }
        }
        Err(Refusal::Exhausted)
    }

    /// Makes what a service has its own, and frees what it had before.
    pub(super) fn written(&self, service: &str, new: Option<&Object>) {
        let mut taken = self.taken.lock();
        taken.addresses.retain(|_, holder| holder.service != service);
        taken.ports.retain(|_, holder| holder.service != service);
        let Some(new) = new else { return };
        let holder = Holder { service: service.to_owned(), pending: None };
        let strings = new.get(&["spec", "clusterIPs"]).and_then(Value::as_array);
        for address in strings.into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(address) = address.parse() {
                taken.addresses.insert(address, holder.clone());
            }
        }
        let ports = new.get(&["spec", "ports"]).and_then(Value::as_array);
        for port in ports.into_iter().flatten() {
            let number = port["nodePort"].as_u64().and_then(|number| u16::try_from(number).ok());
            if let Some(number) = number.filter(|number| *number > 0) {
                let protocol = port["protocol"].as_str().unwrap_or("TCP").to_owned();
                taken.ports.insert((number, protocol), holder.clone());
            }
        }
    }
}

fn claim<K: std::hash::Hash + Eq>(
    taken: &mut HashMap<K, Holder>,
    key: K,
    service: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let free = taken.get(&key).is_none_or(|holder| {
        holder.service == service
            || holder.pending.is_some_and(|since| now.duration_since(since) > PATIENCE)
    });
    if !free {
        return Err(Refusal::Taken);
    }
    // A service that holds it already keeps it confirmed.
    taken
        .entry(key)
        .and_modify(|holder| {
            if holder.service != service {
                *holder = Holder { service: service.to_owned(), pending: Some(now) };
            }
        })
        .or_insert_with(|| Holder { service: service.to_owned(), pending: Some(now) });
    Ok(())
}

fn random() -> u32 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_has_one_holder() {
        let all = Allocations::default();
        let now = Timestamp::UNIX_EPOCH;
        let address: Ipv4Addr = "10.96.7.7".parse().unwrap();
        assert_eq!(all.address("ns/a", Some(address), now), Ok(address));
        assert_eq!(all.address("ns/b", Some(address), now), Err(Refusal::Taken));
        let other = "192.0.2.1".parse().unwrap();
        assert_eq!(all.address("ns/b", Some(other), now), Err(Refusal::OutOfRange));
        // A write that never came frees it.
        let later = now + SignedDuration::from_secs(61);
        assert_eq!(all.address("ns/b", Some(address), later), Ok(address));
        // One that came keeps it until it is gone.
        let service = Object::try_from(
            json!({"spec": {"clusterIPs": ["10.96.7.7"], "ports": [{"nodePort": 30001}]}}),
        );
        all.written("ns/b", Some(&service.unwrap()));
        let much_later = later + SignedDuration::from_secs(600);
        assert_eq!(all.address("ns/a", Some(address), much_later), Err(Refusal::Taken));
        assert_eq!(all.port("ns/a", "TCP", Some(30001), much_later), Err(Refusal::Taken));
        assert_eq!(all.port("ns/a", "UDP", Some(30001), much_later), Ok(30001));
        assert_eq!(all.port("ns/a", "TCP", Some(80), now), Err(Refusal::OutOfRange));
        all.written("ns/b", None);
        assert_eq!(all.address("ns/a", Some(address), much_later), Ok(address));
        assert!(PORTS.contains(&all.port("ns/c", "TCP", None, now).unwrap()));
    }
}
