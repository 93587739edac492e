//! Our own formats, against the second implementation in `script/vectors.py`: what it made is made again byte by byte, and
//! opened.

pub(crate) mod agreement;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod identity;
pub(crate) mod login;
pub(crate) mod proof;
pub(crate) mod safety;
pub(crate) mod vault;
