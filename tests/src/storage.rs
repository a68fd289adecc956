//! The chain's storage, which counts what contracts do with it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::iter;
use std::ops::{Bound, Sub};

use cosmwasm_std::{Order, Record, Storage};

/// What contracts did with their storage. Bank and chain don't count, nor does reading again what the same message wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageOps {
    /// Records read, found or not, those of an iteration and of raw queries among them.
    pub reads: u64,
    /// Records written.
    pub writes: u64,
    /// Records removed.
    pub removes: u64,
    /// Bytes read, keys included.
    pub read_bytes: u64,
    /// Bytes written, keys included.
    pub written_bytes: u64,
}

impl StorageOps {
    /// Reads, writes and removals together.
    pub const fn total(&self) -> u64 {
        self.reads + self.writes + self.removes
    }
}

impl Sub for StorageOps {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            reads: self.reads - before.reads,
            writes: self.writes - before.writes,
            removes: self.removes - before.removes,
            read_bytes: self.read_bytes - before.read_bytes,
            written_bytes: self.written_bytes - before.written_bytes,
        }
    }
}

/// Storage in memory that counts what contracts do with it.
#[derive(Clone, Debug, Default)]
pub struct CountingStorage {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    // A read has only a shared reference to count with.
    ops: Cell<StorageOps>,
}

impl CountingStorage {
    /// All that was done since the chain started.
    pub fn ops(&self) -> StorageOps {
        self.ops.get()
    }

    /// Every record: contracts, balances and the chain's own.
    pub const fn records(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.records
    }

    /// Puts other records in place. The count goes on.
    pub(crate) fn replace(&mut self, records: BTreeMap<Vec<u8>, Vec<u8>>) {
        self.records = records;
    }

    fn count(&self, key: &[u8], count: impl FnOnce(&mut StorageOps)) {
        if is_contracts(key) {
            let mut ops = self.ops.get();
            count(&mut ops);
            self.ops.set(ops);
        }
    }

    fn count_read(&self, key: &[u8], value: Option<&[u8]>) {
        self.count(key, |ops| {
            ops.reads += 1;
            ops.read_bytes += bytes(key, value.unwrap_or_default());
        });
    }
}

/// cw-multi-test keeps a contract's records under its wasm module and the contract's name, lengths in front of each.
fn is_contracts(key: &[u8]) -> bool {
    key.starts_with(b"\x00\x04wasm") && key.get(8..).is_some_and(|rest| rest.starts_with(b"contract_data/"))
}

fn bytes(key: &[u8], value: &[u8]) -> u64 {
    (key.len() + value.len()).try_into().unwrap_or(u64::MAX)
}

impl Storage for CountingStorage {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let value = self.records.get(key);
        self.count_read(key, value.map(Vec::as_slice));
        value.cloned()
    }

    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Box::new(iter::empty());
        }
        let from = start.map_or(Bound::Unbounded, Bound::Included);
        let to = end.map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.records.range::<[u8], _>((from, to)).map(|(key, value)| {
            self.count_read(key, Some(value));
            (key.clone(), value.clone())
        });
        match order {
            Order::Ascending => Box::new(records),
            Order::Descending => Box::new(records.rev()),
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        self.count(key, |ops| {
            ops.writes += 1;
            ops.written_bytes += bytes(key, value);
        });
        self.records.insert(key.to_vec(), value.to_vec());
    }

    fn remove(&mut self, key: &[u8]) {
        self.count(key, |ops| ops.removes += 1);
        self.records.remove(key);
    }
}
