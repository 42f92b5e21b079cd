package snapshot

import (
	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go/compress/snappy"
)

// codec compresses pages in the Snappy format as fast as its encoder can, where the library takes the time to look for
// longer matches: every night writes all snapshots and states anew, and a tenth fewer bytes are not worth twice the time.
type codec struct{ snappy.Codec }

// Encode compresses a page.
func (*codec) Encode(dst, src []byte) ([]byte, error) { return s2.EncodeSnappy(dst, src), nil }
