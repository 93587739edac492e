//! Words as bytes, for buses that leave the process.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use sotto_proto::{AccountId, ConversationId, ID_LEN};

use super::Word;

/// Who said it, then what.
pub(super) fn encode(speaker: u64, word: &Word) -> Bytes {
    let mut bytes = BytesMut::with_capacity(64);
    bytes.put_u64(speaker);
    match word {
        Word::Grown { conversation, up_to } => put(&mut bytes, GROWN, conversation.as_bytes(), &up_to.to_be_bytes()),
        Word::Members(conversation) => put(&mut bytes, MEMBERS, conversation.as_bytes(), &[]),
        Word::Account { account, change } => put(&mut bytes, ACCOUNT, account.as_bytes(), &change.to_be_bytes()),
        Word::ToMembers { conversation, except, item } => {
            // More than a conversation can have are not listed.
            let count = u16::try_from(except.len()).unwrap_or(u16::MAX);
            put(&mut bytes, TO_MEMBERS, conversation.as_bytes(), &count.to_be_bytes());
            except.iter().take(count.into()).for_each(|account| bytes.put_slice(account.as_bytes()));
            bytes.put_slice(item);
        }
        Word::ToAccount { account, item } => put(&mut bytes, TO_ACCOUNT, account.as_bytes(), item),
    }
    bytes.freeze()
}

/// What another node said. None for what is no word: the subject is shared by mistake, or with a newer version.
pub(super) fn decode(mut bytes: Bytes) -> Option<(u64, Word)> {
    let speaker = bytes.try_get_u64().ok()?;
    let kind = bytes.try_get_u8().ok()?;
    let id = take_id(&mut bytes)?;
    let word = match kind {
        GROWN => Word::Grown { conversation: ConversationId::from_bytes(id), up_to: bytes.try_get_u64().ok()? },
        MEMBERS => Word::Members(ConversationId::from_bytes(id)),
        ACCOUNT => Word::Account { account: AccountId::from_bytes(id), change: bytes.try_get_u64().ok()? },
        TO_MEMBERS => {
            let count = bytes.try_get_u16().ok()?;
            let except =
                (0..count).map(|_| take_id(&mut bytes).map(AccountId::from_bytes)).collect::<Option<Vec<_>>>()?;
            Word::ToMembers { conversation: ConversationId::from_bytes(id), except, item: bytes }
        }
        TO_ACCOUNT => Word::ToAccount { account: AccountId::from_bytes(id), item: bytes },
        _ => return None,
    };
    Some((speaker, word))
}

fn put(bytes: &mut BytesMut, kind: u8, id: &[u8; ID_LEN], rest: &[u8]) {
    bytes.put_u8(kind);
    bytes.put_slice(id);
    bytes.put_slice(rest);
}

fn take_id(bytes: &mut Bytes) -> Option<[u8; ID_LEN]> {
    let mut id = [0; ID_LEN];
    bytes.try_copy_to_slice(&mut id).ok()?;
    Some(id)
}

const GROWN: u8 = 1;
const MEMBERS: u8 = 2;
const ACCOUNT: u8 = 4;
const TO_MEMBERS: u8 = 5;
const TO_ACCOUNT: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Vec<Word> {
        let (conversation, account) = (ConversationId::from_bytes([7; 16]), AccountId::from_bytes([8; 16]));
        let item = Bytes::from_static(b"an item");
        vec![
            Word::Grown { conversation, up_to: u64::MAX },
            Word::Members(conversation),
            Word::Account { account, change: 3 },
            Word::ToMembers { conversation, except: vec![account; 3], item: item.clone() },
            Word::ToMembers { conversation, except: Vec::new(), item: item.clone() },
            Word::ToAccount { account, item },
        ]
    }

    #[test]
    fn every_word_comes_back_as_it_went() {
        for word in words() {
            assert_eq!(decode(encode(5, &word)), Some((5, word)));
        }
    }

    #[test]
    fn what_is_cut_short_or_unknown_is_no_word() {
        for word in words() {
            let whole = encode(5, &word);
            let fixed = whole.len().min(8 + 1 + 16);
            for end in 0..fixed {
                assert_eq!(decode(whole.slice(..end)), None, "{word:?} cut at {end}");
            }
        }
        assert_eq!(decode(Bytes::from_static(&[0; 100])), None);
        let claims_many = encode(
            5,
            &Word::ToMembers {
                conversation: ConversationId::from_bytes([7; 16]),
                except: vec![AccountId::from_bytes([8; 16]); 2],
                item: Bytes::new(),
            },
        );
        assert_eq!(decode(claims_many.slice(..claims_many.len() - 1)), None);
    }
}
