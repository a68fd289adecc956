//! Questions that are asked again while nobody answers: a provider's limit on requests, or a node that starts again,
//! passes meanwhile.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use crate::error::{Error, Result};

/// How many times a question is asked again before its error stands.
const RETRIES_MAX: u32 = 6;
/// The pause before the first of them. Each further one doubles it.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How many times in a row nobody has answered.
#[derive(Debug, Default)]
pub(super) struct Patience {
    unanswered: u32,
}

impl Patience {
    /// Waits before the same is asked again; or gives the error back, where that was often enough or where it is an
    /// answer.
    pub async fn after(&mut self, error: Error) -> Result<()> {
        if !matches!(error, Error::Unreachable { .. }) || self.unanswered >= RETRIES_MAX {
            return Err(error);
        }
        let pause = RETRY_PAUSE.saturating_mul(1 << self.unanswered);
        self.unanswered += 1;
        tracing::debug!(%error, ?pause, "a question was not answered; asking again");
        sleep(pause).await;
        Ok(())
    }
}

/// The answer, or why there is none after all tries. A refusal is an answer.
pub(super) async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut patience = Patience::default();
    loop {
        match ask().await {
            Err(error) => patience.after(error).await?,
            answer => return answer,
        }
    }
}
