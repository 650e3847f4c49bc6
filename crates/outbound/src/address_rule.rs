use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Tells what keeps an address from being one of the public internet; nothing if it is one.
///
/// Sources: the IANA registries of special-purpose addresses (RFC 6890 and later). Addresses that carry an IPv4 address within
/// (mapped, compatible, NAT64, 6to4) are judged by that.
pub fn why_not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    if address.is_loopback() {
        Some("this machine")
    } else if a == 0 {
        Some("no address to connect to")
    } else if address.is_link_local() {
        Some("link-local")
    } else if address.is_private() || (a == 100 && (64..128).contains(&b)) {
        Some("private")
    } else if address.is_documentation() || (a == 198 && (18..20).contains(&b)) || [a, b, c] == [192, 0, 0] {
        Some("reserved")
    } else if a >= 224 {
        Some("multicast or reserved")
    } else {
        None
    }
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if address.is_loopback() {
        return Some("this machine");
    }
    if address.is_unspecified() {
        return Some("no address to connect to");
    }
    if let Some(within) = v4_within(segments) {
        return v4(within);
    }
    match segments[0] {
        first if first & 0xffc0 == 0xfe80 => Some("link-local"),
        first if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 => Some("private"),
        first if first & 0xff00 == 0xff00 => Some("multicast or reserved"),
        // Only 2000::/3 is given out; of it, 2001:db8::/32 is for documentation, 2001::/23 for protocols.
        first if first & 0xe000 != 0x2000 => Some("reserved"),
        0x2001 if segments[1] == 0x0db8 || segments[1] < 0x0200 => Some("reserved"),
        _ => None,
    }
}

fn v4_within(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            of(high, low)
        }
        // Local NAT64 (RFC 8215) reaches whatever its operator wants it to.
        [0x64, 0xff9b, 1, ..] => Some(Ipv4Addr::LOCALHOST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_26_only_addresses_of_the_public_internet_are_public() {
        let inside = [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "1::1",
        ];
        for address in inside {
            assert!(why_not_public(address.parse().expect("an address")).is_some(), "{address} was taken for public");
        }
        for address in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert_eq!(why_not_public(address.parse().expect("an address")), None, "{address}");
        }
    }
}
