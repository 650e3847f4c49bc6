use super::target::Target;

/// What Nagios' status file says of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The host's clock, in seconds.
    pub(crate) now: u64,
    /// Whether the Nagios that wrote the file runs.
    pub(crate) running: bool,
    /// The target's objects: hosts and services.
    pub(crate) objects: Vec<Object>,
    /// What of downtimes there is for them, whoever scheduled it.
    pub(crate) downtimes: Vec<Downtime>,
}

/// A host, or a service, by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) host: String,
    pub(crate) service: Option<String>,
}

/// A host or a service, and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) name: Name,
    /// 0 when all is well.
    pub(crate) state: u8,
    pub(crate) acknowledged: bool,
    pub(crate) notifications: bool,
    pub(crate) checks: bool,
}

/// A downtime of a host or a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Downtime {
    pub(crate) id: u64,
    pub(crate) of: Name,
    /// When it begins and ends, in seconds, by the host's clock.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) author: String,
    pub(crate) comment: String,
}

impl View {
    /// Reads what the script says; nothing if it is not all of it.
    pub(crate) fn read(text: &str, target: &Target) -> Option<Self> {
        let mut view = Self::default();
        let mut lines = text.lines();
        loop {
            let words: Vec<_> = lines.next()?.split('\t').collect();
            match words[..] {
                ["now", now] => view.now = now.parse().ok()?,
                ["nagios", state] => view.running = state == "running",
                ["host", host, state, acknowledged, notifications, checks] => {
                    view.objects.push(object(Name::host(host), state, [acknowledged, notifications, checks])?);
                }
                ["service", host, service, state, acknowledged, notifications, checks] => {
                    let name = Name::service(host, service);
                    view.objects.push(object(name, state, [acknowledged, notifications, checks])?);
                }
                ["downtime", id, host, service, start, end, author, comment] => view.downtimes.push(Downtime {
                    id: id.parse().ok()?,
                    of: if service.is_empty() { Name::host(host) } else { Name::service(host, service) },
                    start: start.parse().ok()?,
                    end: end.parse().ok()?,
                    author: author.to_owned(),
                    comment: comment.to_owned(),
                }),
                ["end"] => break,
                _ => return None,
            }
        }
        view.objects.retain(|object| object.name.is_part_of(target));
        view.downtimes.retain(|downtime| downtime.of.is_part_of(target));
        Some(view)
    }
}

impl Downtime {
    /// Whether both are the same one: hosts and services are numbered together, but not for ever.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.of == other.of
    }
}

impl Name {
    fn host(host: &str) -> Self {
        Self { host: host.to_owned(), service: None }
    }

    fn service(host: &str, service: &str) -> Self {
        Self { host: host.to_owned(), service: Some(service.to_owned()) }
    }

    /// As Nagios and our users write it: `HOST` or `HOST;SERVICE`.
    pub(crate) fn words(&self) -> String {
        match &self.service {
            None => self.host.clone(),
            Some(service) => format!("{};{service}", self.host),
        }
    }

    /// Of the two forms of an external command, the one for it.
    pub(crate) fn choose<'a>(&self, for_host: &'a str, for_service: &'a str) -> &'a str {
        if self.service.is_some() { for_service } else { for_host }
    }

    fn is_part_of(&self, target: &Target) -> bool {
        match target {
            Target::Host { with_services, .. } | Target::Hostgroup { with_services, .. } => {
                *with_services || self.service.is_none()
            }
            Target::Service { service, .. } => self.service.as_ref() == Some(service),
        }
    }
}

fn object(name: Name, state: &str, flags: [&str; 3]) -> Option<Object> {
    let flag = |text: &str| match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    let [acknowledged, notifications, checks] = flags;
    Some(Object {
        name,
        state: state.parse().ok()?,
        // Nagios 4 tells of which kind the acknowledgement is elsewhere; this is 0 or 1 in every version.
        acknowledged: flag(acknowledged)?,
        notifications: flag(notifications)?,
        checks: flag(checks)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "now\t100\nnagios\trunning\nhost\tweb1\t1\t0\t1\t1\nservice\tweb1\tHTTP\t2\t1\t0\t1\n\
                        downtime\t7\tweb1\t\t90\t160\trunsheet\twhy not\ndowntime\t8\tweb1\tHTTP\t90\t160\tdana\tno\nend\n";

    #[test]
    fn a_target_is_seen_with_what_is_its_own_only() {
        let host = Target::Host { host: "web1".to_owned(), with_services: false };
        let view = View::read(SAID, &host).expect("a view");
        assert_eq!((view.now, view.running, view.objects.len(), view.downtimes.len()), (100, true, 1, 1));
        assert_eq!((view.objects[0].state, view.downtimes[0].id), (1, 7));
        let service = Target::Service { host: "web1".to_owned(), service: "HTTP".to_owned() };
        let view = View::read(SAID, &service).expect("a view");
        assert!(view.objects[0].acknowledged && !view.objects[0].notifications && view.objects[0].checks);
        assert_eq!((view.objects.len(), view.downtimes[0].author.as_str()), (1, "dana"));
        let all = Target::Host { host: "web1".to_owned(), with_services: true };
        assert_eq!(View::read(SAID, &all).expect("a view").objects.len(), 2);
    }

    #[test]
    fn half_a_view_is_none() {
        let host = Target::Host { host: "web1".to_owned(), with_services: false };
        for text in
            ["", "now\t1\n", "now\tx\nend\n", "host\tweb1\t1\nend\n", &SAID.replace("end\n", ""), "hello\nend\n"]
        {
            assert_eq!(View::read(text, &host), None, "{text:?}");
        }
    }
}
