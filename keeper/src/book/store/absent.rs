//! The store of a keeper that was built without a node: no book has a file.

use std::path::Path;

use crate::book::Book;
use crate::book::delta::BookDelta;
use crate::book::store::{Codes, Stored};
use crate::error::{Error, Result};

/// A file that can't be open: there is no value of this type.
#[derive(Debug)]
pub enum Store {}

impl Store {
    /// Always an error.
    pub fn open(path: &Path) -> Result<(Self, Option<Stored>)> {
        Err(Error::file(path, "books have no file in a keeper that was built without the feature node"))
    }

    /// See the store with a file.
    pub fn replace_other(self, _: &str) -> Result<Self> {
        match self {}
    }

    /// See the store with a file.
    pub fn replace(&mut self, _: &Book, _: Codes) -> Result<()> {
        match *self {}
    }

    /// See the store with a file.
    pub fn save(&mut self, _: &Book, _: &BookDelta) -> Result<()> {
        match *self {}
    }

    /// See the store with a file.
    pub fn flush(&mut self) -> Result<()> {
        match *self {}
    }
}
