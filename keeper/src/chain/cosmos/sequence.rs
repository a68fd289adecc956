//! The sequence of the sender, as two endpoints say it.

use tonic::Code;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::account::account;
use crate::chain::endpoints::Kind;
use crate::error::Result;
use crate::keys::Key;

impl Node {
    /// The highest number that two endpoints say; where one alone answers, what it says if that is believed. `None`
    /// while no two say the same. Whoever says more than two others is left out.
    pub(super) async fn sequence_of_two(&self, believes_one: bool) -> Result<Option<u64>> {
        let Some(sender) = self.key.as_ref().map(Key::address) else { return Ok(None) };
        let ask = |channel| async {
            match account(channel, sender.to_owned()).await {
                Ok((_, sequence)) => Ok(sequence),
                Err(status) if status.code() == Code::NotFound => Ok(0),
                Err(status) => Err(status),
            }
        };
        let said = self.connections.ask_all(ask).await.into_iter();
        let said: Vec<(usize, u64)> = said.filter_map(|(at, said)| Some((at, said.ok()?))).collect();
        let says = |sequence: u64| said.iter().filter(|(_, other)| *other == sequence).count();
        let confirmed = said.iter().map(|(_, sequence)| *sequence).filter(|one| says(*one) > 1).max();
        match (said.as_slice(), confirmed) {
            ([], _) => Err(self.connections.nobody(Kind::Grpc)),
            ([(_, alone)], _) => Ok(Some(*alone).filter(|_| believes_one)),
            (_, None) => Ok(None),
            (_, Some(confirmed)) => {
                // One that says less may be late.
                for (at, sequence) in said.iter().filter(|(_, sequence)| *sequence > confirmed) {
                    let reason = format!("sequence {sequence} of {sender}, of which two others say {confirmed}");
                    self.connections.refuted(*at, &reason);
                }
                Ok(Some(confirmed))
            }
        }
    }
}
