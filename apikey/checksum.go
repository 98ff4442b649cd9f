package apikey

import "hash/crc32"

// checksumLength is how many characters of a GitHub token are its checksum.
const checksumLength = 6

// checksum is the CRC-32 (IEEE) of a GitHub token's random part in base 62 with
// the digits 0-9 A-Z a-z, padded with zeros to six digits. GitHub says that there
// is one (github.blog, 2021-04-05); the order of the digits was found by others.
func checksum(random string) string {
	sum := crc(random)
	return string(sum[:])
}

func crc(random string) (out [checksumLength]byte) {
	const base62 = digits + uppers + lowers
	sum := ^uint32(0)
	for i := range len(random) {
		sum = crc32.IEEETable[byte(sum)^random[i]] ^ sum>>8
	}
	sum = ^sum
	for i := checksumLength - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return out
}

// summed reports if a token's checksum is right.
func summed(v, prefix string) bool {
	body := v[len(prefix):]
	random, sum := body[:len(body)-checksumLength], body[len(body)-checksumLength:]
	want := crc(random)
	for i := range want {
		if want[i] != sum[i] {
			return false
		}
	}
	return true
}
