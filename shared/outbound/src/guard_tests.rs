//! URLs that the guard accepts and refuses, in many spellings.

use proptest::prelude::*;

use super::*;

fn check(url: &str) -> Result<(), Refused> {
    Guard::default().check_url(url).map(drop)
}

fn check_locally(url: &str) -> Result<(), Refused> {
    Guard { allow_loopback: true, ..Guard::default() }.check_url(url).map(drop)
}

#[test]
fn accepts_public_https() {
    let urls = "https://example.com https://example.com:443/hook?x=1#y https://example.com:8443/ \
        https://8.8.8.8/hook https://[2606:4700::1111]/ \
        https://xn--bcher-kva.example.com/ https://BÜCHER.example.com/ \
        HTTPS://EXAMPLE.COM./";
    for url in urls.split_whitespace() {
        assert_eq!(check(url), Ok(()), "{url}");
        assert_eq!(check_locally(url), Ok(()), "{url}");
    }
}

#[test]
fn refuses_other_schemes_and_shapes() {
    for (url, refused) in [
        ("", Refused::Malformed),
        ("example.com/hook", Refused::Malformed),
        ("//example.com", Refused::Malformed),
        ("https://", Refused::Malformed),
        ("https://exa mple.com", Refused::Malformed),
        ("https://example.com/a\nb", Refused::Malformed),
        ("ht\ttps://example.com", Refused::Malformed),
        ("https://example.com:99999/", Refused::Malformed),
        ("https://256.256.256.256/", Refused::Malformed),
        ("https://1.2.3.4.5/", Refused::Malformed),
        ("http://example.com/", Refused::Scheme),
        ("ftp://example.com/", Refused::Scheme),
        ("file:///etc/passwd", Refused::Scheme),
        ("data:text/plain,x", Refused::Scheme),
        ("javascript:alert(1)", Refused::Scheme),
        ("gopher://example.com:70/", Refused::Scheme),
        ("https://user@example.com/", Refused::UserInfo),
        ("https://:pass@example.com/", Refused::UserInfo),
        ("https://example.com:80/", Refused::Port),
        ("https://example.com:22/", Refused::Port),
        ("https://example.com:0/", Refused::Port),
    ] {
        assert_eq!(check(url), Err(refused), "{url}");
        assert_eq!(check_locally(url), Err(refused), "{url}");
    }
    let longest = format!("https://example.com/{}", "a".repeat(limits::SOURCE_URL_BYTES - 20));
    assert_eq!(check(&longest), Ok(()));
    let refused = Refused::TooLong(limits::SOURCE_URL_BYTES);
    assert_eq!(check(&format!("{longest}a")), Err(refused));
    let error = Guard::default().check_field(longest, "webhook_url").unwrap_err();
    assert!(error.to_string().contains("2048"), "{error}");
}

#[test]
fn source_is_taken_with_blanks_and_nothing_else_of_it_changes() {
    let check = |url: &str| Guard::default().check_source(url).map(|url| url.as_str().to_owned());
    let signed =
        "https://example.com/b//a%2fb+c%2B(1)!~*;,=:@&$.wav?sig=a%2Bb%2Fc%3D&x=1+2&&k=%7E~";
    assert_eq!(check(signed).as_deref(), Ok(signed));
    let spaces = check(" https://example.com/my speech 1.wav?name=a b\n");
    assert_eq!(spaces.as_deref(), Ok("https://example.com/my%20speech%201.wav?name=a%20b"));
    assert_eq!(check("https://example.com/a\nb"), Err(Refused::Malformed));
    assert_eq!(check(" http://example.com/a"), Err(Refused::Scheme));
}

#[test]
fn refuses_loopback_in_every_spelling() {
    let hosts = "127.0.0.1 127.1 127.0.0.1. 0x7f.1 0x7f000001 2130706433 017700000001 0177.0.0.1 \
        127.000.000.001 %31%32%37.0.0.1 ①②⑦.0.0.1 [::1] [0:0:0:0:0:0:0:1]";
    for host in hosts.split_whitespace() {
        assert_eq!(check(&format!("https://{host}/")), Err(Refused::Address), "{host}");
        assert_eq!(check(&format!("http://{host}/")), Err(Refused::Scheme), "{host}");
        assert_eq!(check_locally(&format!("https://{host}/")), Ok(()), "{host}");
        assert_eq!(check_locally(&format!("http://{host}:81/")), Ok(()), "{host}");
    }
}

#[test]
fn refuses_private_addresses_even_locally() {
    let hosts = "0 0.0.0.0 10.0.0.1 0xa.1 192.168.1.1 3232235777 172.16.0.1 169.254.169.254 \
        0xa9fea9fe 2852039166 100.64.0.1 198.18.0.1 224.0.0.1 255.255.255.255 [::] \
        [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] \
        [2002:7f00:1::] [2001::1] [fe80::1] [fd00:ec2::254]";
    for host in hosts.split_whitespace() {
        assert_eq!(check(&format!("https://{host}/")), Err(Refused::Address), "{host}");
        assert_eq!(check_locally(&format!("https://{host}/")), Err(Refused::Address), "{host}");
        assert_eq!(check_locally(&format!("http://{host}/")), Err(Refused::Scheme), "{host}");
    }
}

#[test]
fn refuses_names_outside_the_public_dns() {
    for name in ["intranet", "metadata.google.internal", "printer.local", "db.corp", "x.home.arpa."]
    {
        assert_eq!(check(&format!("https://{name}/")), Err(Refused::Name), "{name}");
        assert_eq!(check_locally(&format!("https://{name}/")), Err(Refused::Name), "{name}");
    }
    for name in ["localhost", "LOCALHOST.", "a.localhost"] {
        assert_eq!(check(&format!("https://{name}/")), Err(Refused::Name), "{name}");
        assert_eq!(check_locally(&format!("http://{name}:3000/")), Ok(()), "{name}");
    }
    assert_eq!(check_locally("http://localhost.example.com/"), Err(Refused::Scheme));
}

#[test]
fn allow_list_excludes_all_other_hosts() {
    let allowed_hosts = Some(HostPattern::parse_list("*.proxy.runpod.net, 127.0.0.1").unwrap());
    let guard = Guard { allow_loopback: true, allowed_hosts, ..Guard::default() };
    let check = |url| guard.check_url(url).map(drop);
    assert_eq!(check("https://pod-8000.proxy.runpod.net/output/a.wav"), Ok(()));
    assert_eq!(check("http://127.0.0.1:9000/a.wav"), Ok(()));
    assert_eq!(check("https://example.com/"), Err(Refused::NotListed));
    assert_eq!(check("http://localhost/"), Err(Refused::NotListed));
    let nothing = Guard { allowed_hosts: Some(vec![]), ..Guard::default() };
    assert_eq!(nothing.check_url("https://example.com").map(drop), Err(Refused::NotListed));
}

#[test]
fn the_ports_of_the_service_itself_are_refused_by_every_name_of_this_machine() {
    let refused_ports = "8787 443".parse().unwrap();
    let guard = Guard { allow_loopback: true, refused_ports, ..Guard::default() };
    let check = |url| guard.check_url(url).map(drop);
    for url in [
        "http://127.0.0.1:8787/hook",
        "http://127.1:8787/",
        "http://localhost:8787/",
        "http://a.localhost:8787/",
        "http://[::1]:8787/",
        "https://localhost/",
    ] {
        assert_eq!(check(url), Err(Refused::OwnPort), "{url}");
    }
    assert_eq!(check("http://127.0.0.1:8799/hook"), Ok(()));
    assert_eq!(check("https://example.com:8787/hook"), Ok(()));
    assert!("8787,8788".parse::<Ports>().is_err());
}

#[test]
fn names_must_resolve_to_their_class_of_address() {
    let resolves = |allow_loopback, name, address: &str| {
        let guard = Guard { allow_loopback, ..Guard::default() };
        guard.check_resolved(name, address.parse().unwrap()).is_ok()
    };
    assert!(resolves(false, "example.com", "8.8.8.8"));
    assert!(!resolves(false, "example.com", "10.0.0.1"));
    assert!(!resolves(false, "localhost", "127.0.0.1"));
    assert!(!resolves(true, "example.com", "127.0.0.1"));
    assert!(resolves(true, "localhost", "::1"));
    assert!(!resolves(true, "localhost", "8.8.8.8"));
}

#[test]
fn hosts_of_the_private_network_are_accepted_and_nothing_else_for_them() {
    let private_hosts = HostPattern::parse_list("clipper.internal, *.workers.internal, 10.0.3.7");
    let guard = Guard { private_hosts: private_hosts.unwrap(), ..Guard::default() };
    let check = |url| guard.check_url(url).map(drop);
    for url in [
        "http://clipper.internal/clip.mp4",
        "https://a.workers.internal:8000/clip.mp4",
        "http://10.0.3.7:80/clip.mp4",
    ] {
        assert_eq!(check(url), Ok(()), "{url}");
    }
    assert_eq!(check("http://workers.internal/"), Err(Refused::Scheme));
    assert_eq!(check("https://other.internal/"), Err(Refused::Name));
    assert_eq!(check("https://10.0.3.8/"), Err(Refused::Address));
    assert_eq!(check("ftp://clipper.internal/"), Err(Refused::Scheme));
    assert_eq!(check("http://user@clipper.internal/"), Err(Refused::UserInfo));
    let resolves =
        |name, address: &str| guard.check_resolved(name, address.parse().unwrap()).is_ok();
    for address in ["10.0.3.7", "172.16.0.9", "192.168.1.1", "fd00::1", "8.8.8.8"] {
        assert!(resolves("clipper.internal", address), "{address}");
    }
    for address in ["127.0.0.1", "169.254.169.254", "fe80::1", "fd00:ec2::254"] {
        assert!(!resolves("clipper.internal", address), "{address}");
    }
    assert!(!resolves("example.com", "10.0.3.7"));
}

#[test]
fn what_a_provider_fetches_may_be_http_and_must_be_public() {
    let guard = Guard::default();
    let check = |url: &str| guard.check_source_field(url.to_owned(), "video_url");
    for url in ["http://example.com/a.mp4", "https://example.com/a.mp4", "HTTP://example.com:80/"] {
        assert_eq!(check(url), Ok(url.to_owned()));
    }
    for (url, message) in [
        ("ftp://example.com/a", "must be an http or https URL"),
        ("a.mp4", "must be a complete URL, like https://example.com/hook"),
        ("http://10.0.0.1/a", "must lead to a public address"),
        ("http://[::ffff:169.254.169.254]/a", "must lead to a public address"),
        ("http://nas.local/a", "must name a host on the public internet"),
        ("http://localhost/a", "must name a host on the public internet"),
        ("http://example.com:25/a", "must use port 443 or one from 1024 on"),
        ("http://user@example.com/a", "must not hold a user name or password"),
    ] {
        let error = check(url).unwrap_err();
        assert_eq!((error.field.as_str(), error.message.as_str()), ("video_url", message), "{url}");
    }
    assert!(check(&format!("http://example.com/{}", "x".repeat(2048))).is_err());
}

#[test]
fn debug_shows_only_the_host() {
    let url = Guard::default().check_url("https://example.com/secret?token=x").unwrap();
    assert_eq!(format!("{url:?}"), "PublicUrl(example.com…)");
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = check_locally(&text);
    }

    /// An IPv4 address written as one number is checked like its dotted form.
    #[test]
    fn numeric_addresses_are_checked_like_dotted_ones(number: u32) {
        let address = std::net::Ipv4Addr::from(number);
        let spelt = check(&format!("https://{address}/"));
        prop_assert_eq!(check(&format!("https://{number}/")), spelt);
        prop_assert_eq!(check(&format!("https://{number:#x}/")), spelt);
    }
}
