//! One image: its superblock, and where its inodes are.

use zerocopy::{FromBytes, IntoBytes};

use crate::blocks::{Blocks, ReadAt};
use crate::layout::{
    BLOCK, BLOCK_BITS, COMPAT_CHECKSUM, DEVICE_SLOT, DeviceSlot, INCOMPAT_CHUNKED, INCOMPAT_DEVICES, MAGIC,
    PUBLIC_FROM, PUBLIC_MARK, SLOT, SUPER_OFFSET, SuperBlock, blocks, checksum,
};
use crate::{Error, Inode, Result};

/// The bits of `feature_incompat` that belong to compression, which is refused by name.
const COMPRESSION: u32 = 0x1 | 0x2 | 0x10 | 0x20;

/// An image whose metadata can be walked.
pub struct Image<S> {
    pub(crate) blocks: Blocks<S>,
    pub(crate) superblock: SuperBlock,
    devices: Vec<u64>,
    /// By device: whether it says that its later part is public.
    public: Vec<bool>,
}

impl<S: ReadAt> Image<S> {
    /// Opens the image of `length` bytes in `source`, whose data lies there and in files of the lengths `devices`.
    ///
    /// # Errors
    /// Where it is not an image, uses what is not supported, or wants other devices.
    pub fn open(source: S, length: u64, devices: &[u64]) -> Result<Image<S>> {
        let blocks = Blocks::new(source, length);
        let first = blocks.block(0)?;
        let bytes = first.bytes().get(SUPER_OFFSET as usize..).unwrap_or_default();
        let Ok((superblock, _)) = SuperBlock::read_from_prefix(bytes) else {
            return Err(Error::Damaged("it is too short for a superblock"));
        };
        check(&superblock)?;
        check_sum(&superblock, bytes)?;
        let mut all = vec![length];
        all.extend_from_slice(devices);
        let public = vec![superblock.volume_name == PUBLIC_MARK];
        let mut image = Image { blocks, superblock, devices: all, public };
        image.check_devices(devices)?;
        if !image.root()?.is_directory() {
            return Err(Error::Damaged("its root is not a directory"));
        }
        Ok(image)
    }

    fn check_devices(&mut self, given: &[u64]) -> Result<()> {
        if usize::from(self.superblock.extra_devices.get()) != given.len() {
            return Err(Error::Damaged("its device table and the given files differ in number"));
        }
        let table = u64::from(self.superblock.devt_slotoff.get()) * DEVICE_SLOT;
        for (index, length) in (0..).zip(given) {
            let mut bytes = [0; DEVICE_SLOT as usize];
            self.blocks.copy(table + index * DEVICE_SLOT, &mut bytes)?;
            let Ok((slot, _)) = DeviceSlot::read_from_prefix(&bytes) else {
                return Err(Error::Damaged("its device table"));
            };
            if u64::from(slot.blocks.get()) > blocks(*length) {
                return Err(Error::Damaged("a file with its data is too short"));
            }
            self.public.push(slot.tag.starts_with(&PUBLIC_MARK));
        }
        Ok(())
    }

    /// How many further files hold data.
    pub fn extra_devices(&self) -> usize {
        self.devices.len().saturating_sub(1)
    }

    /// The length of device `number`, 0 being the image itself.
    pub(crate) fn device_length(&self, number: u16) -> Result<u64> {
        self.devices.get(usize::from(number)).copied().ok_or(Error::Damaged("a device that is not there"))
    }

    /// True if position `at` of device `number`, and all behind it, is what everybody in the tree may read.
    pub fn is_public(&self, number: u16, at: u64) -> bool {
        at >= PUBLIC_FROM && self.public.get(usize::from(number)).is_some_and(|public| *public)
    }

    /// How many inodes it says that it has.
    pub fn inodes(&self) -> u64 {
        self.superblock.inos.get()
    }

    /// The root directory.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn root(&self) -> Result<Inode> {
        self.inode(u64::from(self.superblock.root_nid.get()))
    }

    /// Where inode `nid` begins.
    pub(crate) fn position(&self, nid: u64) -> Result<u64> {
        let start = u64::from(self.superblock.meta_blkaddr.get()) * BLOCK;
        let position = nid.checked_mul(SLOT).and_then(|offset| start.checked_add(offset));
        position.filter(|at| *at < self.blocks.length()).ok_or(Error::Damaged("an inode behind its end"))
    }
}

fn check(superblock: &SuperBlock) -> Result<()> {
    if superblock.magic.get() != MAGIC {
        return Err(Error::Damaged("it has no EROFS superblock"));
    }
    let features = superblock.feature_incompat.get();
    if features & COMPRESSION != 0 || superblock.compression.get() != 0 {
        return Err(Error::Unsupported("compressed data"));
    }
    if features & !(INCOMPAT_CHUNKED | INCOMPAT_DEVICES) != 0 {
        return Err(Error::Unsupported("features of newer versions"));
    }
    if superblock.blkszbits != BLOCK_BITS || superblock.dirblkbits != 0 {
        return Err(Error::Unsupported("blocks of another size than 4 KiB"));
    }
    Ok(())
}

fn check_sum(superblock: &SuperBlock, block: &[u8]) -> Result<()> {
    if superblock.feature_compat.get() & COMPAT_CHECKSUM == 0 {
        return Ok(());
    }
    let mut plain = *superblock;
    plain.checksum = 0.into();
    let mut bytes = plain.as_bytes().to_vec();
    bytes.extend_from_slice(block.get(bytes.len()..).unwrap_or_default());
    if checksum(&bytes) != superblock.checksum.get() {
        return Err(Error::Damaged("the checksum of its superblock"));
    }
    Ok(())
}
