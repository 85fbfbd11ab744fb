package people

// Entering: an invitation, a name and a device become somebody who belongs. All of it is one transaction, so that a crash leaves either nothing or
// everything; what the record has to learn of it (the seat, the consents, the name) is owed to it, kept with the membership, until the gateway says
// that it is there.

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// again is how long an entry may be repeated, by a client that did not hear the answer.
const again = time.Hour

// letters of the short ids, by constituency. Another one, and none, is x.
var letters = map[string]string{"user": "u", "family": "f", "psw": "s", "professional": "p", "director": "d", "researcher": "r", "citizen": "c",
	"association": "a", "institution": "i"}

// entering is an entry under way.
type entering struct {
	a      *accounts
	ctx    context.Context
	tx     *sql.Tx
	req    *peoplev1.EnterRequest
	now    time.Time
	device deviceRow
}

// deviceRow is a device as far as entering goes; id is "" when there is none.
type deviceRow struct {
	id, account string
	shared      bool
}

// enter lets somebody in. Who is signed in enters as themself; on a shared device a name makes another person, who is at the device from then on.
//
// Refusals: account/invitation-unknown, account/invitation-ended, account/name-missing, account/name-too-long, account/shut-out.
func (a *accounts) enter(ctx context.Context, req *peoplev1.EnterRequest) (*peoplev1.EnterResponse, error) {
	if !isUUID(req.GetEntry().GetId()) || len(req.NewToken) != hashBytes {
		return nil, decider.Refuse("people/request-unreadable")
	}
	resp := &peoplev1.EnterResponse{}
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		e := &entering{a: a, ctx: ctx, tx: tx, req: req, now: a.now()}
		i, err := a.find(ctx, tx, req.Invitation)
		if err != nil {
			return err
		}
		if err := e.recogniseDevice(`token = ?`, req.Token); err != nil {
			return err
		}
		before, err := e.before(i)
		if err != nil {
			return err
		}
		if before != "" {
			resp.Device, resp.TokenIsNew, err = e.repeat(i, before)
			return err
		}
		if err := i.holds(e.now); err != nil {
			return err
		}
		account, err := e.person(i)
		if err != nil {
			return err
		}
		if err := e.belong(i, account, true); err != nil {
			return err
		}
		if resp.Device, resp.TokenIsNew, err = e.sit(account); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO entry (id, invitation, account, device, created) VALUES (?, ?, ?, ?, ?)`,
			entryHash(req.Entry.Id), i.id, account, resp.Device, e.now.Unix())
		return err
	})
	if err != nil {
		return nil, err
	}
	a.left(resp.Device)
	return resp, nil
}

func (e *entering) recogniseDevice(where string, key any) error {
	err := e.tx.QueryRow(`SELECT id, coalesce(account, ''), shared FROM device WHERE `+where, key).Scan(&e.device.id, &e.device.account, &e.device.shared)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// before gives the account of the same entry made a while ago, "" for none. Another invitation, or too long ago, and its id is as good as used.
func (e *entering) before(i invitation) (account string, err error) {
	var of string
	var created int64
	err = e.tx.QueryRow(`SELECT invitation, account, created FROM entry WHERE id = ?`, entryHash(e.req.Entry.Id)).Scan(&of, &account, &created)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err == nil && (of != i.id || i.revoked || e.now.Sub(time.Unix(created, 0)) > again):
		return "", decider.Refuse("account/invitation-ended")
	}
	return account, err
}

// repeat answers an entry as the first time: the same account, on the same device under the token that is asked for now.
func (e *entering) repeat(i invitation, account string) (device string, tokenIsNew bool, err error) {
	if err := e.belong(i, account, false); err != nil {
		return "", false, err
	}
	if e.device.id != "" && e.device.account == account {
		return e.device.id, false, nil
	}
	var first string
	if err := e.tx.QueryRow(`SELECT device FROM entry WHERE id = ?`, entryHash(e.req.Entry.Id)).Scan(&first); err != nil {
		return "", false, err
	}
	e.device = deviceRow{}
	if err := e.recogniseDevice(`id = ?`, first); err != nil {
		return "", false, err
	}
	if e.device.id == "" || e.device.account != account { // signed out, or handed over, meanwhile
		e.device = deviceRow{}
		return e.sit(account)
	}
	_, err = e.tx.Exec(`UPDATE device SET token = ? WHERE id = ?`, e.req.NewToken, first)
	return first, true, err
}

// person gives the account that enters: who is at the device, or a new one.
func (e *entering) person(i invitation) (account string, err error) {
	another := e.req.Entry.Name != "" && (e.device.shared || e.req.Entry.Shared)
	if account = e.device.account; account == "" || another {
		name, err := checkName(e.req.Entry.Name)
		if err != nil {
			return "", err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return "", err
		}
		account = id.String()
		sealed, err := e.a.keep(account, "name", name)
		if err != nil {
			return "", err
		}
		if _, err := e.tx.Exec(`INSERT INTO account (id, name, administers, created) VALUES (?, ?, 0, ?)`, account, sealed, e.now.Unix()); err != nil {
			return "", err
		}
	}
	if i.workspace == "" {
		_, err = e.tx.Exec(`UPDATE account SET administers = 1 WHERE id = ?`, account)
	}
	return account, err
}

// belong makes or widens the membership that the invitation gives, with a seat for who is to take part. A repetition corrects what is still owed.
func (e *entering) belong(i invitation, account string, first bool) error {
	may, used := i.may, i.workspace == ""
	if i.workspace != "" {
		m, err := readMembership(e.tx, account, i.workspace, i.initiative)
		if err != nil {
			return err
		}
		if err := m.open(e.tx, may); err != nil {
			return err
		}
		used = !m.known
		m.may = max(m.may, may)
		if i.initiative != "" && m.may >= apiv1.Grant_GRANT_TAKE_PART {
			q := e.req.Entry
			s := &peoplev1.Owed{Constituency: q.Constituency, EmployedByDepartment: q.EmployedByDepartment, ConsentsGiven: q.ConsentsGiven,
				ConsentsRefused: q.ConsentsRefused, ConsentsVersion: q.ConsentsVersion}
			if err := e.a.seat(e.ctx, e.tx, &m, s); err != nil {
				return err
			}
		}
		if err := m.write(e.tx, e.now); err != nil {
			return err
		}
	}
	if !first || !used {
		return nil
	}
	_, err := e.tx.Exec(`UPDATE invitation SET used = used + 1 WHERE id = ?`, i.id)
	return err
}

// sit has the account be at the device, which is made when there is none.
func (e *entering) sit(account string) (device string, isNew bool, err error) {
	if device = e.device.id; device == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return "", false, err
		}
		device, isNew = id.String(), true
		_, err = e.tx.Exec(`INSERT INTO device (id, token, kind, shared, account, since, seen) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			device, e.req.NewToken, e.req.Kind, e.req.Entry.Shared, account, e.now.Unix(), e.now.Unix())
		if err != nil {
			return "", false, err
		}
	} else if _, err := e.tx.Exec(`UPDATE device SET account = ?, shared = max(shared, ?), seen = max(seen, ?) WHERE id = ?`, account, e.req.Entry.Shared, e.now.Unix(), device); err != nil {
		return "", false, err
	}
	_, err = e.tx.Exec(`INSERT INTO device_person (device, account) VALUES (?, ?) ON CONFLICT DO NOTHING`, device, account)
	return device, isNew, err
}

// become gives a seat to somebody who belongs and has none. With a seat already it changes nothing but what is still owed.
func (a *accounts) become(ctx context.Context, req *peoplev1.BecomeRequest) (*peoplev1.BecomeResponse, error) {
	q := req.GetSeat()
	if !isUUID(req.Account) || !isID(q.GetWorkspace()) || !isID(q.GetInitiative()) {
		return nil, decider.Refuse("people/request-unreadable")
	}
	var devices []string
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		m, err := readMembership(tx, req.Account, q.Workspace, q.Initiative)
		if err != nil {
			return err
		}
		if err := m.open(tx, apiv1.Grant_GRANT_TAKE_PART); err != nil {
			return err
		}
		m.may = max(m.may, apiv1.Grant_GRANT_TAKE_PART)
		s := &peoplev1.Owed{Constituency: q.Constituency, EmployedByDepartment: q.EmployedByDepartment, ConsentsGiven: q.ConsentsGiven,
			ConsentsRefused: q.ConsentsRefused, ConsentsVersion: q.ConsentsVersion}
		if err := a.seat(ctx, tx, &m, s); err != nil {
			return err
		}
		if err := m.write(tx, a.now()); err != nil {
			return err
		}
		devices, err = devicesOf(ctx, tx, req.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.left(devices...)
	return &peoplev1.BecomeResponse{}, nil
}

// seat gives a membership a pseudonym with the next free short id, when it has none; s says the rest of what is owed. When the seat is not in the
// record yet, s replaces what was said of it.
func (a *accounts) seat(ctx context.Context, tx *sql.Tx, m *membership, s *peoplev1.Owed) error {
	if m.participant != "" {
		o, err := a.readOwed(m)
		if err != nil || o == nil || o.Ref == "" {
			return err
		}
		s.Participant, s.Id, s.Ref, s.Name = o.Participant, o.Id, o.Ref, o.Name
		return a.owe(m, s)
	}
	letter := letters[s.Constituency]
	if letter == "" {
		letter = "x"
	}
	var err error
	if s.Ref, s.Participant, err = a.keys.seat(ctx, m.workspace, m.initiative, letter); err != nil {
		return err
	}
	m.participant = s.Participant
	var sealed []byte
	if err := tx.QueryRow(`SELECT name FROM account WHERE id = ?`, m.account).Scan(&sealed); err != nil {
		return err
	}
	s.Name = a.nameOf(m.account, sealed)
	return a.owe(m, s)
}

// membership is a row.
type membership struct {
	account, workspace, initiative, participant string
	may                                         apiv1.Grant
	owed                                        []byte
	known                                       bool // it is in the table
}

func readMembership(tx *sql.Tx, account, workspace, initiative string) (membership, error) {
	m := membership{account: account, workspace: workspace, initiative: initiative, known: true}
	err := tx.QueryRow(`SELECT participant, may, owed FROM membership WHERE account = ? AND workspace = ? AND initiative = ?`, account, workspace, initiative).
		Scan(&m.participant, &m.may, &m.owed)
	if errors.Is(err, sql.ErrNoRows) {
		m.known, err = false, nil
	}
	return m, err
}

// open refuses to widen the membership of who is shut out, of the initiative or of the whole workspace (account/shut-out): they are let in again by
// somebody's decision and not by an invitation of before. What they were given since they have.
func (m membership) open(tx *sql.Tx, may apiv1.Grant) error {
	whole, err := readMembership(tx, m.account, m.workspace, "")
	if err != nil {
		return err
	}
	if m.shut() || whole.shut() && m.may < may {
		return decider.Refuse("account/shut-out")
	}
	return nil
}

func (m membership) shut() bool { return m.known && m.may == apiv1.Grant_GRANT_UNSPECIFIED }

func (m membership) write(tx *sql.Tx, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO membership (account, workspace, initiative, participant, may, owed, created) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET participant = excluded.participant, may = excluded.may, owed = excluded.owed`,
		m.account, m.workspace, m.initiative, m.participant, m.may, m.owed, now.Unix())
	return err
}

// owe notes what the record does not hold yet. It names people, so it is sealed.
func (a *accounts) owe(m *membership, o *peoplev1.Owed) error {
	o.Account, o.Workspace, o.Initiative, o.Participant = m.account, m.workspace, m.initiative, m.participant
	if o.Id == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		o.Id = id.String()
	}
	text, err := protojson.Marshal(o)
	if err != nil {
		return err
	}
	m.owed, err = a.keep(m.account, "owed", string(text))
	return err
}

// readOwed gives what is owed; nil for nothing.
func (a *accounts) readOwed(m *membership) (*peoplev1.Owed, error) {
	if len(m.owed) == 0 {
		return nil, nil
	}
	text, err := a.kept(m.account, "owed", m.owed)
	if err != nil {
		return nil, err
	}
	o := &peoplev1.Owed{}
	return o, protojson.Unmarshal([]byte(text), o)
}

// owedTo lists what the record owes a person.
func (a *accounts) owedTo(ctx context.Context, r reader, account string) (all []*peoplev1.Owed, err error) {
	err = each(ctx, r, func(rows *sql.Rows) error {
		m := membership{account: account}
		if err := rows.Scan(&m.owed); err != nil {
			return err
		}
		o, err := a.readOwed(&m)
		all = append(all, o)
		return err
	}, `SELECT owed FROM membership WHERE account = ? AND owed IS NOT NULL ORDER BY workspace, initiative`, account)
	return all, err
}

// paid takes note that something owed is in the record. What has been owed since then stays.
func (a *accounts) paid(ctx context.Context, req *peoplev1.PaidRequest) (*peoplev1.PaidResponse, error) {
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		m, err := readMembership(tx, req.GetOwed().GetAccount(), req.GetOwed().GetWorkspace(), req.GetOwed().GetInitiative())
		if err != nil || !m.known {
			return err
		}
		o, err := a.readOwed(&m)
		if err != nil || o == nil || o.Id != req.Owed.Id {
			return err
		}
		m.owed = nil
		return m.write(tx, a.now())
	})
	return &peoplev1.PaidResponse{}, err
}
