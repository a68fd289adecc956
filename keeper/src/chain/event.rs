//! What contracts said in a block.

/// What a contract said. Attributes keep their order, and a key may occur more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractEvent {
    /// The contract's address, as the chain wrote it; a contract can't forge it.
    pub contract: String,
    /// What it said.
    pub attributes: Vec<(String, String)>,
}

impl ContractEvent {
    /// The first attribute of this name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// All attributes of this name.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// From an event of type `wasm` or `wasm-…`, which the contract said, or `migrate`, which the chain says of it;
    /// `None` for any other.
    pub fn of_wasm(kind: &str, attributes: impl Iterator<Item = (String, String)>) -> Option<Self> {
        let mut contract = None;
        let mut rest = Vec::new();
        if kind == "migrate" {
            rest.push(("action".to_owned(), "migrate".to_owned()));
        }
        for (key, value) in attributes.filter(|_| kind == "wasm" || kind.starts_with("wasm-") || kind == "migrate") {
            match key.as_str() {
                "_contract_address" => contract = contract.or(Some(value)),
                // Added by the node, not said by the contract.
                "msg_index" => {}
                _ => rest.push((key, value)),
            }
        }
        contract.map(|contract| Self { contract, attributes: rest })
    }
}
