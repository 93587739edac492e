//! The generation of random number traits that `opaque-ke` asks for.

use opaque_ke::rand::{self, RngCore};
use rand_core::CryptoRng;

pub(super) struct Adapter<'a, R>(pub(super) &'a mut R);

impl<R: CryptoRng> RngCore for Adapter<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: CryptoRng> rand::CryptoRng for Adapter<'_, R> {}

#[cfg(test)]
mod tests {
    use ::rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn every_way_to_draw_draws_from_the_generator_within() {
        let (mut one, mut other) = (StdRng::seed_from_u64(1), StdRng::seed_from_u64(1));
        let mut adapter = Adapter(&mut one);
        assert_eq!(RngCore::next_u32(&mut adapter), other.next_u32());
        assert_eq!(RngCore::next_u64(&mut adapter), other.next_u64());
        let (mut drawn, mut expected) = ([0; 40], [0; 40]);
        RngCore::fill_bytes(&mut adapter, &mut drawn);
        other.fill_bytes(&mut expected);
        assert_eq!(drawn, expected);
        RngCore::try_fill_bytes(&mut adapter, &mut drawn).unwrap();
        other.fill_bytes(&mut expected);
        assert_eq!(drawn, expected);
    }
}
