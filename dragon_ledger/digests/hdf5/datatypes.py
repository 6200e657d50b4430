"""HDF5 datatypes as values, and their canonical encoding.

Byte order, member offsets and padding are layout and left out of the encoding; everything that
changes what a value means is in it. Codes and order of fields: docs/spec/hdf5-content-digest.md.
Sizes are in bytes, positions and precisions in bits counted from the least significant one.
"""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.digests.hdf5.encoding import listed, sized, u8, u64


@dataclass(frozen=True, slots=True)
class Integer:
    """Two's complement or unsigned; bits outside [offset, offset + precision) are padding."""

    size: int
    signed: bool
    precision: int
    offset: int
    big_endian: bool

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        bits = u64(self.size) + u64(self.precision) + u64(self.offset)
        return u8(1) + u8(self.signed) + bits


@dataclass(frozen=True, slots=True)
class Float:
    """Any layout of sign, exponent and mantissa: IEEE 754, bfloat16, float8, x87, custom.

    `normalization`: 0 the leading bit is implied, 1 it is stored and set, 2 none.
    """

    size: int
    precision: int
    offset: int
    sign_at: int
    exponent_at: int
    exponent_bits: int
    mantissa_at: int
    mantissa_bits: int
    bias: int
    normalization: int
    big_endian: bool

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        fields = (self.size, self.precision, self.offset, self.sign_at, self.exponent_at)
        more = (self.exponent_bits, self.mantissa_at, self.mantissa_bits, self.bias)
        return u8(2) + b"".join(map(u64, fields + more)) + u8(self.normalization)


@dataclass(frozen=True, slots=True)
class FixedString:
    """A string in a field of `size` bytes.

    `padding`: 0 it ends at the first NUL, 1 filled up with NUL, 2 with spaces.
    `charset`: 0 ASCII, 1 UTF-8.
    """

    size: int
    padding: int
    charset: int

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(3) + u64(self.size) + u8(self.padding) + u8(self.charset)


@dataclass(frozen=True, slots=True)
class VariableString:
    """Ends at its first NUL; `charset`: 0 ASCII, 1 UTF-8."""

    charset: int

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(4) + u8(self.charset)


@dataclass(frozen=True, slots=True)
class Bitfield:
    """Bits without numeric meaning; those outside [offset, offset + precision) are padding."""

    size: int
    precision: int
    offset: int
    big_endian: bool

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(5) + u64(self.size) + u64(self.precision) + u64(self.offset)


@dataclass(frozen=True, slots=True)
class Opaque:
    """Bytes whose meaning the tag names."""

    size: int
    tag: bytes

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(6) + u64(self.size) + sized(self.tag)


@dataclass(frozen=True, slots=True)
class Enum:
    """Named values of an integer type; `members` are (name, value)."""

    base: Integer
    members: tuple[tuple[bytes, int], ...]

    def encoding(self) -> bytes:
        """Canonical bytes of the type; members in byte order of their names."""
        width, modulus = self.base.size, 1 << (8 * self.base.size)
        named = (
            sized(name) + (value % modulus).to_bytes(width, "little")
            for name, value in sorted(self.members)
        )
        return u8(7) + self.base.encoding() + listed(named)


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a compound: where it starts, in bytes, and what it is."""

    name: bytes
    offset: int
    type: Datatype


@dataclass(frozen=True, slots=True)
class Compound:
    """Fields in order of their offsets; `size` includes the padding."""

    size: int
    members: tuple[Member, ...]

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(8) + listed(sized(one.name) + one.type.encoding() for one in self.members)


@dataclass(frozen=True, slots=True)
class Array:
    """A fixed number of elements, row-major."""

    dims: tuple[int, ...]
    base: Datatype

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(9) + listed(map(u64, self.dims)) + self.base.encoding()


@dataclass(frozen=True, slots=True)
class Sequence:
    """A number of elements that each value chooses (HDF5's vlen)."""

    base: Datatype

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(10) + self.base.encoding()


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """Points at an object of the same file, or at nothing."""

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(11)


@dataclass(frozen=True, slots=True)
class Complex:
    """Real, then imaginary part (the class that HDF5 2.0 added)."""

    base: Float

    def encoding(self) -> bytes:
        """Canonical bytes of the type."""
        return u8(12) + self.base.encoding()


Number = Integer | Float | Bitfield
Datatype = (
    Integer
    | Float
    | FixedString
    | VariableString
    | Bitfield
    | Opaque
    | Enum
    | Compound
    | Array
    | Sequence
    | ObjectReference
    | Complex
)


def is_fixed(datatype: Datatype) -> bool:
    """Tell whether every value of the type has the same number of canonical bytes."""
    match datatype:
        case VariableString() | Sequence() | ObjectReference():
            return False
        case Compound(members=members):
            return all(is_fixed(member.type) for member in members)
        case Array(base=base):
            return is_fixed(base)
        case _:
            return True


def file_size(datatype: Datatype) -> int:
    """Bytes of one value of a fixed type as the file holds it, padding included."""
    match datatype:
        case Enum(base=base):
            return base.size
        case Complex(base=base):
            return 2 * base.size
        case Array(dims=dims, base=base):
            count = 1
            for extent in dims:
                count *= extent
            return count * file_size(base)
        case Integer() | Float() | FixedString() | Bitfield() | Opaque() | Compound():
            return datatype.size
        case _:
            raise ValueError(f"{datatype} has no fixed size")
