//! What a node's refusal of a transaction means for the next one, by the code that the Cosmos SDK gives it.

/// Whose codes these are.
const SDK: &str = "sdk";
/// The codespace of fee allowances.
const FEEGRANT: &str = "feegrant";

/// What a node's refusal of a transaction means for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The mempool is full or the node is busy: the same goes through a little later.
    Busy,
    /// The fee is lower than the node takes now: the next one pays more.
    FeeTooLow,
    /// The transaction has too many bytes or asks for more gas than a block has: the next one is smaller.
    TooLarge,
    /// The key has too little for the fee.
    NoMoney,
    /// The signature does not fit the account.
    Unauthorized,
    /// The chain does not know such a transaction.
    Unreadable,
    /// Anything else.
    Other,
}

impl Refusal {
    /// By the codespace, the code and the text of the node's answer. The codes are those of `cosmos-sdk/types/errors`;
    /// a full mempool and too many bytes are CometBFT's, which the SDK gives codes of its own.
    pub fn of(codespace: &str, code: u32, log: &str) -> Self {
        match code {
            13 if codespace == SDK => Self::FeeTooLow,
            20 if codespace == SDK => Self::Busy,
            // Another node of the chain is ahead of the one that was asked.
            30 if codespace == SDK => Self::Busy,
            11 | 21 | 41 if codespace == SDK => Self::TooLarge,
            5 if codespace == SDK => Self::NoMoney,
            // An allowance that is used up, has ended or was never given: another one may come.
            2..=5 if codespace == FEEGRANT => Self::NoMoney,
            3 | 4 | 8 | 15 | 24 | 28 if codespace == SDK => Self::Unauthorized,
            2 | 6 | 18 | 29 | 31 | 33 | 34 | 37 if codespace == SDK => Self::Unreadable,
            _ => Self::of_text(log),
        }
    }

    /// By the text alone, of a module with codes of its own.
    fn of_text(log: &str) -> Self {
        let says = |texts: &[&str]| texts.iter().any(|text| log.contains(text));
        match () {
            () if says(&["mempool is full", "too many requests", "node is busy"]) => Self::Busy,
            () if says(&["insufficient fee", "gas price too low", "fee is less than"]) => Self::FeeTooLow,
            () if says(&["tx too large", "exceeds block max gas"]) => Self::TooLarge,
            () => Self::Other,
        }
    }

    /// Whether the same transaction may be taken later without anybody mending anything.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Busy | Self::FeeTooLow)
    }

    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Busy => "the keeper tries again",
            Self::FeeTooLow => "the keeper pays more, up to chain.max_gas_price",
            Self::TooLarge => "the keeper sends a smaller one",
            Self::NoMoney => "send money for gas to the key's address",
            Self::Unauthorized => "see that chain.id and chain.coin_type are the chain's",
            Self::Unreadable => "see that this version of the keeper fits the chain's",
            Self::Other => "see to the wallet's money for gas and to chain.gas_price",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_sdk_have_their_class_and_others_go_by_their_text() {
        let classes = [
            ("sdk", 20, "mempool is full", Refusal::Busy),
            ("sdk", 13, "insufficient fees; got: 1ustake required: 2ustake", Refusal::FeeTooLow),
            ("sdk", 21, "tx too large", Refusal::TooLarge),
            ("sdk", 41, "tx gas limit 9 exceeds block max gas 8", Refusal::TooLarge),
            ("sdk", 5, "insufficient funds", Refusal::NoMoney),
            ("feegrant", 2, "fee limit exceeded", Refusal::NoMoney),
            ("feegrant", 6, "something else", Refusal::Other),
            ("sdk", 4, "signature verification failed", Refusal::Unauthorized),
            ("sdk", 2, "tx parse error", Refusal::Unreadable),
            ("txfees", 4, "insufficient fee: got 1uosmo", Refusal::FeeTooLow),
            ("mempool", 20, "something else", Refusal::Other),
            ("sdk", 99, "something else", Refusal::Other),
        ];
        for (codespace, code, log, wanted) in classes {
            assert_eq!(Refusal::of(codespace, code, log), wanted, "{codespace} {code} {log}");
        }
    }
}
