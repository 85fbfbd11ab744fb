package people

// Invitations: a link's secret, and a code for people in the room, each good for one initiative (or workspace), one grant and a limited time.

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/vault"
	apiv1 "tavolo/proto/tavolo/api/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

const (
	// firstHolds is how long the link of the first facilitator holds, and the longest that a code does.
	firstHolds = 24 * time.Hour
	// hoursMax is the longest that an invitation holds: sixty days.
	hoursMax = 1440
)

// invitation is a row.
type invitation struct {
	id, workspace, initiative, session string
	may                                apiv1.Grant
	expires, codeExpires               int64
	uses, used                         uint32
	revoked                            bool
}

// first keeps the invitation of the first facilitator when there is no account yet; those offered before are void then.
func (a *accounts) first(ctx context.Context, req *peoplev1.FirstRequest) (*peoplev1.FirstResponse, error) {
	if len(req.Secret) != hashBytes {
		return nil, decider.Refuse("people/request-unreadable")
	}
	resp := &peoplev1.FirstResponse{}
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRow(`SELECT NOT EXISTS (SELECT 1 FROM account)`).Scan(&resp.Needed); err != nil || !resp.Needed {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM invitation WHERE workspace = ''`); err != nil {
			return err
		}
		i := invitation{may: apiv1.Grant_GRANT_ADMINISTER, expires: a.now().Add(firstHolds).Unix(), uses: 1}
		return i.insert(tx, req.Secret, nil)
	})
	return resp, err
}

func (i *invitation) insert(tx *sql.Tx, secret, code []byte) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	i.id = id.String()
	_, err = tx.Exec(`INSERT INTO invitation (id, secret, code, code_expires, workspace, initiative, session, may, expires, uses, used, revoked)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`, i.id, secret, code, i.codeExpires, i.workspace, i.initiative, i.session, i.may, i.expires, i.uses)
	return err
}

// codeIndex is what a code is kept as: few as codes are, a bare hash of one could be guessed from a copy of the file.
func (a *accounts) codeIndex(hash []byte) []byte {
	return vault.BlindIndex(a.keys.index, "", "invitation code", hex.EncodeToString(hash))
}

// find gives the invitation of a secret or a code, whether it still holds or not; a code that is over is unknown. Refused: account/invitation-unknown.
func (a *accounts) find(ctx context.Context, r reader, look *peoplev1.LookRequest) (i invitation, err error) {
	const columns = `SELECT id, workspace, initiative, session, may, expires, uses, used, revoked FROM invitation WHERE `
	row := r.QueryRowContext(ctx, columns+`secret = ?`, look.GetSecret())
	if look.GetCode() {
		row = r.QueryRowContext(ctx, columns+`code = ? AND code_expires > ?`, a.codeIndex(look.GetSecret()), a.now().Unix())
	}
	err = row.Scan(&i.id, &i.workspace, &i.initiative, &i.session, &i.may, &i.expires, &i.uses, &i.used, &i.revoked)
	if errors.Is(err, sql.ErrNoRows) {
		err = decider.Refuse("account/invitation-unknown")
	}
	return i, err
}

// holds refuses an invitation that is over: too old, used up or revoked (account/invitation-ended).
func (i invitation) holds(now time.Time) error {
	if i.revoked || now.Unix() >= i.expires || i.uses > 0 && i.used >= i.uses {
		return decider.Refuse("account/invitation-ended")
	}
	return nil
}

func (a *accounts) look(ctx context.Context, req *peoplev1.LookRequest) (*peoplev1.LookResponse, error) {
	i, err := a.find(ctx, a.db.Read(), req)
	if err == nil {
		err = i.holds(a.now())
	}
	if err != nil {
		return nil, err
	}
	return &peoplev1.LookResponse{Invitation: &apiv1.InvitationView{Workspace: i.workspace, Initiative: i.initiative, Session: i.session, Grant: i.may,
		ExpiresAt: timestamppb.New(time.Unix(i.expires, 0))}}, nil
}

// invite keeps an invitation. Refusals: account/hours-out-of-range; account/code-taken, when another that holds has this code.
func (a *accounts) invite(ctx context.Context, req *peoplev1.InviteRequest) (*peoplev1.InviteResponse, error) {
	q := req.Invitation
	switch {
	case len(req.Secret) != hashBytes || len(req.Code) != hashBytes || q.GetGrant() == apiv1.Grant_GRANT_UNSPECIFIED:
		return nil, decider.Refuse("people/request-unreadable")
	case q.Hours < 1 || q.Hours > hoursMax:
		return nil, decider.Refuse("account/hours-out-of-range")
	case !isID(q.Workspace):
		return nil, malformed("workspace", 0)
	}
	now := a.now()
	i := invitation{workspace: q.Workspace, initiative: q.Initiative, session: q.Session, may: q.Grant, uses: q.Uses,
		expires: now.Add(time.Duration(q.Hours) * time.Hour).Unix()}
	i.codeExpires = min(i.expires, now.Add(firstHolds).Unix())
	code := a.codeIndex(req.Code)
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`UPDATE invitation SET code = NULL WHERE code_expires <= ? OR revoked`, now.Unix()); err != nil {
			return err
		}
		var taken bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM invitation WHERE code = ?)`, code).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return decider.Refuse("account/code-taken")
		}
		return i.insert(tx, req.Secret, code)
	})
	if err != nil {
		return nil, err
	}
	return &peoplev1.InviteResponse{Id: i.id, ExpiresAt: timestamppb.New(time.Unix(i.expires, 0))}, nil
}

// invitations lists those of an initiative that still hold, the latest first.
func (a *accounts) invitations(ctx context.Context, req *apiv1.ListInvitationsRequest) (*apiv1.ListInvitationsResponse, error) {
	resp := &apiv1.ListInvitationsResponse{}
	err := each(ctx, a.db.Read(), func(rows *sql.Rows) error {
		i := &apiv1.Invitation{}
		var expires int64
		err := rows.Scan(&i.Id, &i.Session, &i.Grant, &expires, &i.Used, &i.Uses)
		i.ExpiresAt = timestamppb.New(time.Unix(expires, 0))
		resp.Invitations = append(resp.Invitations, i)
		return err
	}, `SELECT id, session, may, expires, used, uses FROM invitation WHERE workspace = ? AND workspace <> '' AND initiative = ? AND NOT revoked AND expires > ?
		AND (uses = 0 OR used < uses) ORDER BY id DESC`, req.Workspace, req.Initiative, a.now().Unix())
	return resp, err
}

// revoke ends an invitation. Doing it twice is ok.
func (a *accounts) revoke(ctx context.Context, req *apiv1.RevokeInvitationRequest) (*apiv1.ListInvitationsResponse, error) {
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`UPDATE invitation SET revoked = 1, code = NULL WHERE id = ? AND workspace = ? AND workspace <> '' AND initiative = ?`,
			strings.ToLower(req.Id), req.Workspace, req.Initiative)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, decider.Refuse("account/invitation-unknown"))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.invitations(ctx, &apiv1.ListInvitationsRequest{Workspace: req.Workspace, Initiative: req.Initiative})
}

// entryHash is what the id that a client chose is kept as: who knows it may take the entry up again.
func entryHash(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}
