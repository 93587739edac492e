//! The forms with one encoding: certificates, revocations and agreements. What decodes must encode to the same bytes, and
//! nothing that the fuzzer makes up verifies.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::mls::governance::Governance;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::time::Time;
use sotto_fuzz as _;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = DeviceCertificate::decode(bytes) {
        assert_eq!(certificate.encode(), bytes);
        let _ = certificate.verify_on_first_use(Time::from_unix_seconds(0));
    }
    if let Ok(revocation) = DeviceRevocation::decode(bytes) {
        assert_eq!(revocation.encode(), bytes);
    }
    if let Ok(agreement) = Governance::decode(bytes) {
        assert_eq!(agreement.encode().as_deref(), Ok(bytes));
    }
});
