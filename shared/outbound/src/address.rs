//! Which IP addresses belong to the public internet.
//!
//! The ranges are those of IANA's special-purpose registries that are not globally reachable,
//! and the transition ranges, whose IPv6 addresses embed an IPv4 address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// How an address may be used as the target of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// On the public internet.
    Public,
    /// This machine.
    Loopback,
    /// Anything else: private, reserved, local to a link or a cloud, or embedding IPv4.
    NotPublic,
}

/// IPv4 ranges that are not public.
const NOT_PUBLIC_V4: [Ipv4Net; 17] = [
    v4([0, 0, 0, 0], 8),        // "this network"
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // carrier-grade NAT, and a cloud's metadata at 100.100.100.200
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // a cloud's metadata on an address that looks public
    v4([169, 254, 0, 0], 16),   // link-local, and most clouds' metadata at 169.254.169.254
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocol assignments, and a cloud's metadata at 192.0.0.192
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 52, 193, 0], 24),  // multicast tunnelling
    v4([192, 88, 99, 0], 24),   // 6to4 relays
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved, and broadcast
];

/// The only IPv6 range in which public addresses are assigned. Outside it lie loopback,
/// link-local, site-local, unique local, multicast, discard, and the mapped, compatible and NAT64
/// forms of IPv4.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// Ranges within [`GLOBAL_V6`] that are not public.
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0], 23),     // protocol assignments: Teredo, benchmarks, ORCHID
    v6([0x2001, 0xdb8, 0], 32), // documentation
    v6([0x2002, 0, 0], 16),     // 6to4
    v6([0x3fff, 0, 0], 20),     // documentation
];

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(segments: [u16; 3], prefix: u8) -> Ipv6Net {
    let [a, b, c] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// The class of `address`.
pub fn classify(address: IpAddr) -> AddressClass {
    if address.is_loopback() {
        return AddressClass::Loopback;
    }
    let public = match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !NOT_PUBLIC_V6.iter().any(|range| range.contains(&address))
        }
    };
    if public { AddressClass::Public } else { AddressClass::NotPublic }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> AddressClass {
        classify(text.parse().unwrap())
    }

    #[test]
    fn classifies_public_addresses() {
        let texts = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 \
            126.255.255.255 128.0.0.0 168.63.129.15 169.253.255.255 169.255.0.0 \
            172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 \
            198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 \
            2001:4860:4860::8888 2a00:1450:4001::1 2001:200::1 2003::1";
        for text in texts.split_whitespace() {
            assert_eq!(class(text), AddressClass::Public, "{text}");
        }
    }

    #[test]
    fn classifies_loopback_addresses() {
        for text in ["127.0.0.1", "127.255.255.254", "::1"] {
            assert_eq!(class(text), AddressClass::Loopback, "{text}");
        }
    }

    #[test]
    fn classifies_ipv4_addresses_that_are_not_public() {
        let texts = "0.0.0.0 0.255.255.255 10.0.0.1 100.64.0.1 100.100.100.200 100.127.255.255 \
            168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 \
            192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 \
            198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255";
        for text in texts.split_whitespace() {
            assert_eq!(class(text), AddressClass::NotPublic, "{text}");
        }
    }

    #[test]
    fn classifies_ipv6_addresses_that_are_not_public() {
        let texts = ":: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 \
            ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::808:808 \
            64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 \
            2002:7f00:1:: 2002:a9fe:a9fe:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 \
            fe80::1 fec0::1 ff02::1";
        for text in texts.split_whitespace() {
            assert_eq!(class(text), AddressClass::NotPublic, "{text}");
        }
    }
}
