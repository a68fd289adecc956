//! Numbers and facts as people read them. Pure.

use crate::chain::Coin;
use crate::tx::receipt::Settled;

/// So many of these, in words: `1 pair`, `2 pairs`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Base units as whole tokens.
pub fn whole(amount: u128, decimals: u8) -> String {
    let scale = 10u128.checked_pow(decimals.into()).unwrap_or(1);
    let fraction = format!("{:0width$}", amount % scale, width = usize::from(decimals));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() || decimals == 0 { "" } else { "." };
    format!("{}{point}{}", amount / scale, if decimals == 0 { "" } else { fraction })
}

/// A decimal number cut, not rounded, after so many decimals, with its thousands apart.
pub fn shortened(number: &impl ToString, decimals: usize) -> String {
    let text = number.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut grouped = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(decimals).collect();
    format!("{grouped}.{fraction}")
}

/// A decimal number cut after two decimals.
pub fn two_decimals(number: &impl ToString) -> String {
    shortened(number, 2)
}

/// One line about a liquidation, in base units.
pub fn settled_line(done: &Settled) -> String {
    let coin = |coin: &Option<Coin>| coin.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let account = &done.account;
    let height = done.height;
    let repaid = coin(&done.repaid);
    let seized = coin(&done.seized);
    let fee = coin(&done.fee);
    let profit = two_decimals(&done.profit);
    let losses: Vec<String> = done.losses.iter().map(|loss| format!("; {} written off", loss.debt)).collect();
    format!(
        "{account} in block {height}: repaid {repaid}, seized {seized}, fee {fee}, profit {profit}{}",
        losses.concat()
    )
}
