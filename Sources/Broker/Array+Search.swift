extension Array {
    /// In an array where all elements with `isBefore` come first: the position of the first one without; `count` if
    /// none.
    @inline(__always) func lowerBound(_ isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
