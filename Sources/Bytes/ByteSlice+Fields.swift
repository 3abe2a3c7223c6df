/// Big-endian fields at a position, for fixed layouts read field by field. One function for each type on purpose: a
/// generic function called from another module is not specialised there (package bodies are not exported), and costs
/// some 80 ns for a field where these cost two.
extension ByteSlice {
    package func uint8(at offset: Int) -> UInt8 { load(offset, as: UInt8.self) }
    package func int8(at offset: Int) -> Int8 { load(offset, as: Int8.self) }
    package func int16(at offset: Int) -> Int16 { load(offset, as: Int16.self) }
    package func uint16(at offset: Int) -> UInt16 { load(offset, as: UInt16.self) }
    package func int32(at offset: Int) -> Int32 { load(offset, as: Int32.self) }
    package func uint32(at offset: Int) -> UInt32 { load(offset, as: UInt32.self) }
    package func int64(at offset: Int) -> Int64 { load(offset, as: Int64.self) }
    package func uint64(at offset: Int) -> UInt64 { load(offset, as: UInt64.self) }
}
