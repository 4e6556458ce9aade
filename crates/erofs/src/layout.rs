//! The structures of an image, as Linux's `fs/erofs/erofs_fs.h` lays them out: little-endian, without padding.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of a block; the only size that is read and written.
pub const BLOCK: u64 = 4096;
/// log2 of [`BLOCK`].
pub const BLOCK_BITS: u8 = 12;
/// Where the superblock lies.
pub const SUPER_OFFSET: u64 = 1024;
/// The superblock's magic number.
pub const MAGIC: u32 = 0xE0F5_E1E2;
/// Bytes of the unit that inode numbers count.
pub const SLOT: u64 = 32;
/// A block address that means a hole.
pub const HOLE: u32 = u32::MAX;
/// How an image (in `volume_name`) or a device (in its `tag`) says that from [`PUBLIC_FROM`] on it holds nothing but
/// files that everybody in the tree may read, and its metadata: such a part can be mapped without a look at what lies
/// behind a file. What only some may read is before it. Ours; other readers ignore it.
pub const PUBLIC_MARK: [u8; 16] = *b"public@00401000\0";
/// Where that part begins: 4 MiB are left for the rest.
pub const PUBLIC_FROM: u64 = 0x40_1000;

/// The longest name.
pub const NAME_MAX: usize = 255;

/// `feature_compat`: the superblock has a checksum.
pub const COMPAT_CHECKSUM: u32 = 1;
/// `feature_compat`: times are those of the files.
pub const COMPAT_MTIME: u32 = 2;
/// `feature_incompat`: files in chunks.
pub const INCOMPAT_CHUNKED: u32 = 4;
/// `feature_incompat`: data in further files.
pub const INCOMPAT_DEVICES: u32 = 8;

/// The superblock.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct SuperBlock {
    pub magic: U32,
    pub checksum: U32,
    pub feature_compat: U32,
    pub blkszbits: u8,
    pub sb_extslots: u8,
    pub root_nid: U16,
    pub inos: U64,
    pub build_time: U64,
    pub build_time_nsec: U32,
    pub blocks: U32,
    pub meta_blkaddr: U32,
    pub xattr_blkaddr: U32,
    pub uuid: [u8; 16],
    pub volume_name: [u8; 16],
    pub feature_incompat: U32,
    pub compression: U16,
    pub extra_devices: U16,
    pub devt_slotoff: U16,
    pub dirblkbits: u8,
    pub xattr_prefix_count: u8,
    pub xattr_prefix_start: U32,
    pub packed_nid: U64,
    pub reserved: [u8; 24],
}

/// Bytes of a slot of the device table, the unit of `devt_slotoff`.
pub const DEVICE_SLOT: u64 = 128;

/// A further file that holds data.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct DeviceSlot {
    pub tag: [u8; 64],
    pub blocks: U32,
    pub mapped_blkaddr: U32,
    pub reserved: [u8; 56],
}

/// Bits of `i_format`: the inode is an extended one.
pub const FORMAT_EXTENDED: u16 = 1;
/// The layout in `i_format`: whole blocks, one after the other.
pub const FLAT_PLAIN: u16 = 0;
/// The same, but what is left behind the last whole block follows the inode.
pub const FLAT_INLINE: u16 = 2;
/// Chunks, each with an address of its own.
pub const CHUNK_BASED: u16 = 4;
/// In the chunk format: entries are [`ChunkIndex`], not bare addresses.
pub const CHUNK_INDEXES: u16 = 0x20;
/// In the chunk format: log2 of the blocks of a chunk.
pub const CHUNK_BITS: u16 = 0x1f;

/// An inode of 32 bytes, without a time of its own.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct CompactInode {
    pub i_format: U16,
    pub i_xattr_icount: U16,
    pub i_mode: U16,
    pub i_nlink: U16,
    pub i_size: U32,
    pub i_reserved: U32,
    pub i_u: U32,
    pub i_ino: U32,
    pub i_uid: U16,
    pub i_gid: U16,
    pub i_reserved2: U32,
}

/// An inode of 64 bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct ExtendedInode {
    pub i_format: U16,
    pub i_xattr_icount: U16,
    pub i_mode: U16,
    pub i_reserved: U16,
    pub i_size: U64,
    pub i_u: U32,
    pub i_ino: U32,
    pub i_uid: U32,
    pub i_gid: U32,
    pub i_mtime: U64,
    pub i_mtime_nsec: U32,
    pub i_nlink: U32,
    pub i_reserved2: [u8; 16],
}

/// Where one chunk lies.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct ChunkIndex {
    pub advise: U16,
    pub device_id: U16,
    pub blkaddr: U32,
}

/// An entry of a directory's block; the names follow the entries.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct Dirent {
    pub nid: U64,
    pub nameoff: U16,
    pub file_type: u8,
    pub reserved: u8,
}

/// What precedes an inode's extended attributes; the numbers of shared ones follow it.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct XattrHeader {
    pub h_reserved: U32,
    pub h_shared_count: u8,
    pub h_reserved2: [u8; 7],
}

/// One extended attribute; name and value follow, up to a multiple of four bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's")]
pub struct XattrEntry {
    pub e_name_len: u8,
    pub e_name_index: u8,
    pub e_value_size: U16,
}

/// What `e_name_index` stands for: the beginning of the name.
pub const XATTR_PREFIXES: [(u8, &[u8]); 5] = [
    (1, b"user."),
    (2, b"system.posix_acl_access"),
    (3, b"system.posix_acl_default"),
    (4, b"trusted."),
    (6, b"security."),
];

/// The file type of a directory entry for the type bits of a mode, and back.
pub const FILE_TYPES: [(u8, u32); 7] =
    [(1, 0o100_000), (2, 0o040_000), (3, 0o020_000), (4, 0o060_000), (5, 0o010_000), (6, 0o140_000), (7, 0o120_000)];

/// How many blocks `bytes` take.
#[must_use]
pub const fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK)
}

/// The checksum of a superblock's block: CRC-32C of `bytes` (from the superblock to the end of its block, with the
/// checksum's own field 0), not inverted at the end.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 })
    })
}

/// A device number as inodes hold it: the kernel's `new_encode_dev`.
#[must_use]
pub const fn encode_device(major: u32, minor: u32) -> u32 {
    (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12
}

/// Major and minor of a device number that an inode holds.
#[must_use]
pub const fn decode_device(number: u32) -> (u32, u32) {
    ((number >> 8) & 0xfff, (number & 0xff) | (number >> 12) & 0xf_ff00)
}
