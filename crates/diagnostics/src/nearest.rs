/// Returns the candidate that a person most likely meant, if one is near enough.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip (a letter too many, too few, wrong, or two exchanged) is understood unless nothing else is left of the name; more
    // only in longer names.
    let more_than_one = name.chars().count() > 1;
    let slips = |candidate: &str| strsim::osa_distance(name, candidate);
    candidates
        .into_iter()
        .filter(|candidate| (more_than_one && slips(candidate) <= 1) || strsim::jaro_winkler(name, candidate) > 0.8)
        .min_by_key(|candidate| slips(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let tasks = ["apache.restart", "apache.start", "solr.restart"];
        assert_eq!(nearest("apache.restrat", tasks), Some("apache.restart"));
        assert_eq!(nearest("usr", ["user", "port"]), Some("user"));
        assert_eq!(nearest("rnu", ["run", "stdin"]), Some("run"));
        assert_eq!(nearest("wbe", ["web", "solr"]), Some("web"));
        assert_eq!(nearest("zzz", tasks), None);
        assert_eq!(nearest("", ["n"]), None);
        assert_eq!(nearest("n", ["m"]), None);
    }
}
