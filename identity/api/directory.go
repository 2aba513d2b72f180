package api

import (
	"context"
	"fmt"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// maxPage is the most records of a page.
const maxPage = 200

const maxCode = 128 // bytes: 65 characters, of which one has three bytes, and room for legacy numbers

func (s *server) resolve(ctx context.Context, _ string, body []byte) (any, error) {
	var q struct {
		Code string `json:"code"`
	}
	if err := strictjson.Decode(body, &q, maxBody); err != nil || q.Code == "" || len(q.Code) > maxCode {
		return nil, faultForm
	}
	return s.cfg.Directory.Resolve(ctx, q.Code)
}

func (s *server) search(ctx context.Context, _ string, body []byte) (any, error) {
	q := Search{Limit: 50}
	var sent struct {
		Keywords string `json:"keywords"`
		Order    string `json:"order"`
		Offset   int    `json:"offset"`
		Limit    *int   `json:"limit"`
	}
	if err := strictjson.Decode(body, &sent, maxBody); err != nil {
		return nil, faultForm
	}
	q.Keywords, q.Order, q.Offset = sent.Keywords, sent.Order, sent.Offset
	if sent.Limit != nil {
		q.Limit = *sent.Limit
	}
	if q.Offset < 0 || q.Limit < 1 || q.Limit > maxPage || len(q.Keywords) > 1024 || len(q.Order) > 64 {
		f := *faultForm
		f.Message = fmt.Sprintf("offset is at least 0, limit 1 to %d, keywords at most 1024 bytes", maxPage)
		return nil, &f
	}
	return s.cfg.Directory.Search(ctx, q)
}
