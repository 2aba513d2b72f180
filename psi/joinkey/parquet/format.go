package parquet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	lt "github.com/parquet-go/parquet-go/format"
)

// A format appends the text of a value that is not NULL.
type format func(dst []byte, v parquet.Value) []byte

// formatOf chooses the format for a column by its types.
func formatOf(c *parquet.Column) (format, error) {
	if c.MaxRepetitionLevel() > 0 {
		return nil, errors.New("it lies in a list or a map, so a row has any number of values")
	}
	kind := c.Type().Kind()
	var logical lt.LogicalTypeValue
	if t := c.Type().LogicalType(); t != nil {
		logical = t.Value
	}
	switch t := logical.(type) {
	case nil:
		return formatOfKind(kind)
	case *lt.StringType, *lt.EnumType, *lt.JsonType, *lt.BsonType:
		return formatOfKind(kind)
	case *lt.IntType:
		if !t.IsSigned {
			return formatUnsigned(kind)
		}
		return formatOfKind(kind)
	case *lt.DateType:
		if kind == parquet.Int32 {
			return func(dst []byte, v parquet.Value) []byte {
				return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
			}, nil
		}
	case *lt.TimestampType:
		if kind == parquet.Int64 {
			return formatTimestamp(t)
		}
	case *lt.DecimalType:
		return formatDecimal(kind, int(t.Scale))
	case *lt.UUIDType:
		if kind == parquet.FixedLenByteArray {
			return appendUUID, nil
		}
	}
	return nil, fmt.Errorf("values of type %s (%s) are no part of a key", logical, kind)
}

func formatOfKind(kind parquet.Kind) (format, error) {
	switch kind {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(dst []byte, v parquet.Value) []byte { return append(dst, v.ByteArray()...) }, nil
	case parquet.Int32:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, int64(v.Int32()), 10) }, nil
	case parquet.Int64:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, v.Int64(), 10) }, nil
	case parquet.Boolean:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }, nil
	case parquet.Float:
		return func(dst []byte, v parquet.Value) []byte {
			return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32)
		}, nil
	case parquet.Double:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64) }, nil
	}
	return nil, fmt.Errorf("values of type %s are no part of a key", kind)
}

func formatUnsigned(kind parquet.Kind) (format, error) {
	if kind == parquet.Int32 {
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendUint(dst, uint64(v.Uint32()), 10) }, nil
	}
	return func(dst []byte, v parquet.Value) []byte { return strconv.AppendUint(dst, v.Uint64(), 10) }, nil
}

func formatTimestamp(t *lt.TimestampType) (format, error) {
	var when func(int64) time.Time
	switch t.Unit.Value.(type) {
	case *lt.MilliSeconds:
		when = time.UnixMilli
	case *lt.MicroSeconds:
		when = time.UnixMicro
	case *lt.NanoSeconds:
		when = func(n int64) time.Time { return time.Unix(0, n) }
	default:
		return nil, fmt.Errorf("a timestamp in an unknown unit, %s", &t.Unit)
	}
	layout := time.RFC3339Nano
	if !t.IsAdjustedToUTC {
		layout = strings.TrimSuffix(layout, "Z07:00")
	}
	return func(dst []byte, v parquet.Value) []byte {
		u := when(v.Int64()).UTC()
		if h, m, s := u.Clock(); h == 0 && m == 0 && s == 0 && u.Nanosecond() == 0 {
			return u.AppendFormat(dst, time.DateOnly)
		}
		return u.AppendFormat(dst, layout)
	}, nil
}

// formatDecimal writes unscaled integers, which are big-endian two's
// complement in byte arrays, with the decimal point where it belongs.
func formatDecimal(kind parquet.Kind, scale int) (format, error) {
	if scale < 0 || scale > 1000 {
		return nil, fmt.Errorf("a decimal of scale %d", scale)
	}
	switch kind {
	case parquet.Int32:
		return func(dst []byte, v parquet.Value) []byte {
			return appendPoint(dst, strconv.FormatInt(int64(v.Int32()), 10), scale)
		}, nil
	case parquet.Int64:
		return func(dst []byte, v parquet.Value) []byte {
			return appendPoint(dst, strconv.FormatInt(v.Int64(), 10), scale)
		}, nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(dst []byte, v parquet.Value) []byte {
			b := v.ByteArray()
			n := new(big.Int).SetBytes(b)
			if len(b) > 0 && b[0] >= 0x80 {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
			}
			return appendPoint(dst, n.String(), scale)
		}, nil
	}
	return nil, fmt.Errorf("a decimal as %s", kind)
}

// appendPoint appends an integer, divided by ten to the power of scale.
func appendPoint(dst []byte, digits string, scale int) []byte {
	if digits[0] == '-' {
		dst = append(dst, '-')
		digits = digits[1:]
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	at := len(digits) - scale
	dst = append(dst, digits[:at]...)
	dst = append(dst, '.')
	return append(dst, digits[at:]...)
}

func appendUUID(dst []byte, v parquet.Value) []byte {
	b := v.ByteArray()
	if len(b) != 16 {
		return append(dst, b...) // The schema says 16; kinds decide about the rest.
	}
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}
