//! Liveness to memory: every region gets a place in one arena, such that regions that live at the same step lie apart.
//!
//! One walk over the steps with a list of what is free; the tightest hole is taken, holes that touch are one. Regions that a
//! run keeps stay at the bottom or where their step put them.

use super::ALIGNMENT;
use std::collections::{BTreeMap, BTreeSet};

/// Something that needs room while some steps run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    /// Its size; what has none needs no place.
    pub(super) bytes: usize,
    /// The first step that touches it.
    pub(super) first: usize,
    /// The last step that touches it; none where it is needed after the run.
    pub(super) last: Option<usize>,
}

/// Where each region lies.
#[derive(Debug)]
pub(super) struct Layout {
    /// In order of the regions, multiples of `ALIGNMENT`.
    pub(super) offsets: Vec<usize>,
    /// The size of the whole, a multiple of `ALIGNMENT`.
    pub(super) bytes: usize,
}

/// Gives every region a place; `None` where the whole exceeds what can be addressed.
pub(super) fn place(regions: &[Region]) -> Option<Layout> {
    let mut order: Vec<usize> = (0..regions.len()).collect();
    // What lives longest and is largest first: it leaves the fewest holes.
    order.sort_by_key(|index| {
        let region = &regions[*index];
        (region.first, region.last.is_some(), std::cmp::Reverse(region.bytes))
    });
    let mut ends = BTreeSet::new();
    let mut offsets = vec![0; regions.len()];
    let mut sizes = vec![0; regions.len()];
    let mut arena = Arena::default();
    for index in order {
        let region = &regions[index];
        while let Some((last, ended)) = ends.first().copied().filter(|(last, _)| *last < region.first) {
            ends.remove(&(last, ended));
            arena.free(offsets[ended], sizes[ended]);
        }
        sizes[index] = region.bytes.checked_next_multiple_of(ALIGNMENT)?;
        if sizes[index] == 0 {
            continue;
        }
        offsets[index] = arena.take(sizes[index])?;
        ends.extend(region.last.map(|last| (last, index)));
    }
    Some(Layout { offsets, bytes: arena.end })
}

/// The arena's holes, by place and by size.
#[derive(Default)]
struct Arena {
    end: usize,
    by_offset: BTreeMap<usize, usize>,
    by_size: BTreeSet<(usize, usize)>,
}

impl Arena {
    fn take(&mut self, size: usize) -> Option<usize> {
        if let Some((hole, offset)) = self.by_size.range((size, 0)..).next().copied() {
            self.remove(offset, hole);
            if hole > size {
                self.insert(offset + size, hole - size);
            }
            return Some(offset);
        }
        // A hole at the end is grown, so that it is not left behind.
        let last = self.by_offset.last_key_value().map(|(offset, hole)| (*offset, *hole));
        let offset = match last {
            Some((offset, hole)) if offset + hole == self.end => {
                self.remove(offset, hole);
                offset
            }
            Some(_) | None => self.end,
        };
        self.end = offset.checked_add(size).filter(|end| isize::try_from(*end).is_ok())?;
        Some(offset)
    }

    fn free(&mut self, mut offset: usize, mut size: usize) {
        if let Some((next, hole)) = self.by_offset.range(offset..).next().map(|(next, hole)| (*next, *hole))
            && next == offset + size
        {
            self.remove(next, hole);
            size += hole;
        }
        if let Some((before, hole)) = self.by_offset.range(..offset).next_back().map(|(before, hole)| (*before, *hole))
            && before + hole == offset
        {
            self.remove(before, hole);
            offset = before;
            size += hole;
        }
        self.insert(offset, size);
    }

    fn insert(&mut self, offset: usize, size: usize) {
        self.by_offset.insert(offset, size);
        self.by_size.insert((size, offset));
    }

    fn remove(&mut self, offset: usize, size: usize) {
        self.by_offset.remove(&offset);
        self.by_size.remove(&(size, offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region() -> impl Strategy<Value = Region> {
        (0_usize..2000, 0_usize..40, prop::option::weighted(0.9, 0_usize..10))
            .prop_map(|(bytes, first, steps)| Region { bytes, first, last: steps.map(|steps| first + steps) })
    }

    fn live(region: &Region, step: usize) -> bool {
        region.first <= step && region.last.is_none_or(|last| step <= last)
    }

    proptest! {
        #[test]
        fn what_lives_together_lies_apart(regions in prop::collection::vec(region(), 0..60)) {
            let layout = place(&regions).unwrap();
            prop_assert!(layout.bytes.is_multiple_of(ALIGNMENT));
            for step in 0..50 {
                let mut places: Vec<_> = regions.iter().zip(&layout.offsets)
                    .filter(|(region, _)| live(region, step) && region.bytes > 0)
                    .map(|(region, offset)| (*offset, offset + region.bytes))
                    .collect();
                places.sort_unstable();
                prop_assert!(places.iter().all(|(offset, end)| offset.is_multiple_of(ALIGNMENT) && *end <= layout.bytes));
                prop_assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}", places);
            }
        }
    }

    #[test]
    fn a_chain_needs_two_places() {
        let regions: Vec<Region> =
            (0..50).map(|step| Region { bytes: 640, first: step, last: Some(step + 1) }).collect();
        assert_eq!(place(&regions).unwrap().bytes, 2 * 640);
    }

    #[test]
    fn holes_that_touch_are_one() {
        let short = |bytes| Region { bytes, first: 0, last: Some(0) };
        let layout = place(&[short(64), short(64), short(64), Region { bytes: 192, first: 1, last: None }]).unwrap();
        assert_eq!((layout.offsets[3], layout.bytes), (0, 192));
    }

    #[test]
    fn what_cannot_be_addressed_is_refused() {
        for bytes in [usize::MAX, usize::MAX / 2] {
            let region = Region { bytes, first: 0, last: None };
            assert!(place(&[region]).is_none());
            assert!(place(&[region, region]).is_none());
        }
        let half = Region { bytes: usize::MAX / 4, first: 0, last: None };
        assert!(place(&[half]).is_some());
        assert!(place(&[half, half, half]).is_none());
    }
}
