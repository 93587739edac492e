//! Groups that our MLS stack shares with OpenMLS; see `tests/`.
