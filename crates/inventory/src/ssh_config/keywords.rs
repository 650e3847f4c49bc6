use runsheet_diagnostics::nearest;

use super::algorithms::Algorithms;
use super::setting::Setting;

/// What is to be said about a line that is not honoured as it stands; `None` where nobody would notice.
pub(crate) fn doubt(lower: &str, keyword: &str, value: &str, setting: Option<&Setting>) -> Option<String> {
    let says = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    let means_nothing = match lower {
        // Whether it is allowed is told once it is known which hosts are meant.
        "forwardagent" => says(&["no", "false", "yes", "true"]),
        "proxyusefdpass" | "nohostauthenticationforlocalhost" => says(&["no", "false"]),
        "preferredauthentications" => says(&["publickey"]),
        "pubkeyauthentication" | "dsaauthentication" => !says(&["no", "false"]),
        "knownhostscommand" | "pkcs11provider" | "revokedhostkeys" | "securitykeyprovider" => says(&["none"]),
        _ => HARMLESS.contains(&lower),
    };
    match lower {
        _ if means_nothing => None,
        "stricthostkeychecking" if says(&["no", "off", "false"]) => {
            Some(format!("`{keyword} {value}` is read as `yes`: host keys are always checked"))
        }
        "forwardagent" => Some(format!("`{keyword} {value}` is not honoured: only `yes` and `no` are")),
        "canonicalizehostname" if matches!(setting, Some(Setting::SecondTime(true))) => {
            Some(format!("`{keyword} {value}` is not honoured: names are looked up as they stand"))
        }
        _ => match setting {
            Some(Setting::Algorithms(_, algorithms)) => left_out(keyword, algorithms),
            Some(_) => None,
            None if NOT_HONOURED.contains(&lower) => Some(format!("`{keyword}` is not supported yet")),
            None => Some(unknown(lower, keyword)),
        },
    }
}

fn left_out(keyword: &str, algorithms: &Algorithms) -> Option<String> {
    let names = algorithms.left_out.join("`, `");
    (!names.is_empty()).then(|| format!("`{keyword}`: runsheet never offers `{names}`, which it left out"))
}

fn unknown(lower: &str, keyword: &str) -> String {
    let spelled: Vec<_> = HONOURED.iter().map(|known| known.to_ascii_lowercase()).collect();
    let meant = nearest(lower, spelled.iter().map(String::as_str));
    let meant = meant.and_then(|meant| HONOURED.iter().find(|known| known.eq_ignore_ascii_case(meant)));
    match meant {
        Some(meant) => format!("`{keyword}` is not known and not honoured; did you mean `{meant}`?"),
        None => format!("`{keyword}` is not known and not honoured"),
    }
}

/// Keywords that are honoured, as ssh_config(5) spells them.
const HONOURED: [&str; 33] = [
    "AddressFamily",
    "BindAddress",
    "CertificateFile",
    "Ciphers",
    "ConnectTimeout",
    "ConnectionAttempts",
    "ForwardAgent",
    "GlobalKnownHostsFile",
    "Host",
    "HostKeyAlgorithms",
    "HostKeyAlias",
    "HostName",
    "IdentitiesOnly",
    "IdentityAgent",
    "IdentityFile",
    "IgnoreUnknown",
    "Include",
    "KbdInteractiveAuthentication",
    "KexAlgorithms",
    "MACs",
    "Match",
    "PasswordAuthentication",
    "Port",
    "ProxyCommand",
    "ProxyJump",
    "SendEnv",
    "ServerAliveCountMax",
    "ServerAliveInterval",
    "SetEnv",
    "StrictHostKeyChecking",
    "User",
    "UserKnownHostsFile",
    "CanonicalizeHostname",
];

/// Keywords that OpenSSH knows, that change how a host is reached or proven, and that are not honoured. In lower case.
const NOT_HONOURED: [&str; 17] = [
    "bindinterface",
    "casignaturealgorithms",
    "dsaauthentication",
    "knownhostscommand",
    "nohostauthenticationforlocalhost",
    "pkcs11provider",
    "preferredauthentications",
    "proxyusefdpass",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyauthentication",
    "refuseconnection",
    "requiredrsasize",
    "revokedhostkeys",
    "securitykeyprovider",
    "smartcarddevice",
    "tag",
];

/// Keywords that do not change which host is reached, how it is proven to be the one, or as whom one logs in (or that are about
/// terminals, forwarding and ways to log in which runsheet does not use). They are passed over in silence. In lower case.
const HARMLESS: [&str; 80] = [
    "addkeystoagent",
    "afstokenpassing",
    "batchmode",
    "canonicaldomains",
    "canonicalizefallbacklocal",
    "canonicalizemaxdots",
    "canonicalizepermittedcnames",
    "channeltimeout",
    "checkhostip",
    "cipher",
    "clearallforwardings",
    "compression",
    "compressionlevel",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fallbacktorsh",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "globalknownhostsfile2",
    "gssapiauthentication",
    "gssapiclientidentity",
    "gssapidelegatecredentials",
    "gssapikexalgorithms",
    "gssapikeyexchange",
    "gssapirenewalforcesrekey",
    "gssapiserveridentity",
    "gssapitrustdns",
    "hashknownhosts",
    "hostbasedacceptedalgorithms",
    "hostbasedauthentication",
    "hostbasedkeytypes",
    "ipqos",
    "kbdinteractivedevices",
    "keepalive",
    "kerberosauthentication",
    "kerberostgtpassing",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "permitlocalcommand",
    "permitremoteopen",
    "protocol",
    "rekeylimit",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "rhostsauthentication",
    "rhostsrsaauthentication",
    "rsaauthentication",
    "sessiontype",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "tcpkeepalive",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "useprivilegedport",
    "userknownhostsfile2",
    "useroaming",
    "usersh",
    "verifyhostkeydns",
    "versionaddendum",
    "visualhostkey",
    "warnweakcrypto",
    "xauthlocation",
];
