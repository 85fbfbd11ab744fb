package clerk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"tavolo/services/clerk"
)

// What a message holds, and what a panic quotes, stays out of the log.
func TestNoMessageReachesTheLog(t *testing.T) {
	const secret = "words of somebody"
	s := &said{}
	log := clerk.RouterLog(s.logger())
	fields := watermill.LogFields{"handler_name": "openings dsm", "not_sent_message": message.NewMessage("id", []byte(secret)), "payload": secret}
	_, err := middleware.Recoverer(func(*message.Message) ([]*message.Message, error) { panic(secret) })(message.NewMessage("id", nil))
	log.With(fields).Error("Handler returned error", err, fields)
	log.Error("other", errors.New("known-code"), fields)
	log.Info("info", fields)
	log.Debug(secret, fields)
	log.Trace(secret, fields)
	text := s.String()
	if strings.Contains(text, secret) {
		t.Errorf("the log has it:\n%s", text)
	}
	for _, want := range []string{"panic=string", "router_test.go", "openings dsm", "known-code"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
}
