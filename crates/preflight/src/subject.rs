use runsheet_model::Endpoint;

/// A host to be looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    /// How it is reached.
    pub endpoint: Endpoint,
    /// The users that commands on it have to become by sudo.
    pub sudo: Vec<String>,
}
