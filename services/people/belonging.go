package people

// What people do with their own account and devices, and what those who run an initiative may change of others.

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// rename changes a person's name; the record is owed the new one wherever they have a seat.
func (a *accounts) rename(ctx context.Context, req *peoplev1.RenameRequest) (*peoplev1.RenameResponse, error) {
	name, err := checkName(req.Name)
	if err != nil {
		return nil, err
	}
	sealed, err := a.keep(req.Account, "name", name)
	if err != nil {
		return nil, err
	}
	err = a.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`UPDATE account SET name = ? WHERE id = ?`, sealed, req.Account); err != nil {
			return err
		}
		var seats []membership
		err := each(ctx, tx, func(rows *sql.Rows) error {
			m := membership{account: req.Account}
			err := rows.Scan(&m.workspace, &m.initiative, &m.participant, &m.may, &m.owed)
			seats = append(seats, m)
			return err
		}, `SELECT workspace, initiative, participant, may, owed FROM membership WHERE account = ? AND participant <> ''`, req.Account)
		if err != nil {
			return err
		}
		for _, m := range seats {
			o, err := a.readOwed(&m)
			if err != nil {
				return err
			}
			if o == nil || o.Ref == "" {
				o = &peoplev1.Owed{}
			}
			o.Name = name
			if err := errors.Join(a.owe(&m, o), m.write(tx, a.now())); err != nil {
				return err
			}
		}
		return nil
	})
	return &peoplev1.RenameResponse{}, err
}

// switchPerson hands a shared device over. Refused: account/person-unknown, for somebody who is not one of its people.
func (a *accounts) switchPerson(ctx context.Context, req *peoplev1.SwitchRequest) (*peoplev1.SwitchResponse, error) {
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		var at bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM device_person JOIN device ON device.id = device WHERE device = ? AND shared
			AND (? = '' OR device_person.account = ?))`, req.Device, req.Account, req.Account).Scan(&at); err != nil {
			return err
		}
		if !at {
			return decider.Refuse("account/person-unknown")
		}
		_, err := tx.Exec(`UPDATE device SET account = nullif(?, '') WHERE id = ?`, req.Account, req.Device)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.left(req.Device)
	return &peoplev1.SwitchResponse{}, nil
}

// signOut takes a person off a device. The others of a shared one stay; without any, the device is forgotten and its token is worth nothing.
func (a *accounts) signOut(ctx context.Context, req *peoplev1.SignOutRequest) (*peoplev1.SignOutResponse, error) {
	resp := &peoplev1.SignOutResponse{}
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		var theirs bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM device_person WHERE device = ? AND account = ?)`, req.Device, req.Account).Scan(&theirs); err != nil {
			return err
		}
		if !theirs {
			return decider.Refuse("account/device-unknown")
		}
		_, err := tx.Exec(`DELETE FROM device_person WHERE device = ? AND account = ?`, req.Device, req.Account)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE device SET account = NULL WHERE id = ? AND account = ?`, req.Device, req.Account); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM device WHERE id = ? AND NOT EXISTS (SELECT 1 FROM device_person WHERE device = id)`, req.Device); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT NOT EXISTS (SELECT 1 FROM device WHERE id = ?)`, req.Here).Scan(&resp.Gone)
	})
	if err != nil {
		return nil, err
	}
	a.left(req.Device)
	return resp, nil
}

// devices lists those that a person is signed in on, the latest first.
func (a *accounts) devices(ctx context.Context, req *peoplev1.DevicesRequest) (*apiv1.ListDevicesResponse, error) {
	resp := &apiv1.ListDevicesResponse{}
	err := each(ctx, a.db.Read(), func(rows *sql.Rows) error {
		d := &apiv1.Device{}
		var since, seen int64
		err := rows.Scan(&d.Id, &d.Kind, &d.Shared, &since, &seen)
		d.Here, d.Since, d.SeenAt = d.Id == req.Here, timestamppb.New(time.Unix(since, 0)), timestamppb.New(time.Unix(seen, 0))
		resp.Devices = append(resp.Devices, d)
		return err
	}, `SELECT device.id, kind, shared, since, seen FROM device JOIN device_person ON device = device.id WHERE device_person.account = ? ORDER BY seen DESC, device.id DESC`, req.Account)
	return resp, err
}

// grants lists the people of an initiative who can sign in, by the time they came; who is shut out stands there too, so that they can be let in again.
func (a *accounts) grants(ctx context.Context, req *apiv1.ListGrantsRequest) (*apiv1.ListGrantsResponse, error) {
	resp := &apiv1.ListGrantsResponse{}
	err := each(ctx, a.db.Read(), func(rows *sql.Rows) error {
		l := &apiv1.GrantLine{}
		var sealed []byte
		err := rows.Scan(&l.Account, &sealed, &l.Participant, &l.Grant)
		l.Name = a.nameOf(l.Account, sealed)
		resp.Grants = append(resp.Grants, l)
		return err
	}, `SELECT id, name, coalesce(max(participant), ''), max(coalesce(max(may), 0), administers * ?) FROM account LEFT JOIN membership ON account = id AND workspace = ? AND initiative IN ('', ?)
		WHERE administers OR workspace IS NOT NULL GROUP BY id ORDER BY id`, apiv1.Grant_GRANT_ADMINISTER, req.Workspace, req.Initiative)
	return resp, err
}

// setGrant changes what somebody may do in an initiative, or in the whole workspace when none is named. What they may do in the whole workspace is
// lowered with it when it is more.
//
// Refusals: account/person-unknown; account/grant-beyond-own, to give or take more than one has; account/last-administrator.
func (a *accounts) setGrant(ctx context.Context, req *peoplev1.SetGrantRequest) (*apiv1.ListGrantsResponse, error) {
	q := req.GetChange()
	if !isID(q.GetWorkspace()) || q.Grant < 0 || q.Grant > apiv1.Grant_GRANT_ADMINISTER {
		return nil, decider.Refuse("people/request-unreadable")
	}
	var devices []string
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		here, err := readMembership(tx, q.Account, q.Workspace, q.Initiative)
		if err != nil {
			return err
		}
		whole, err := readMembership(tx, q.Account, q.Workspace, "")
		if err != nil {
			return err
		}
		var administers bool
		err = tx.QueryRow(`SELECT administers FROM account WHERE id = ?`, q.Account).Scan(&administers)
		has := max(here.may, whole.may)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && !administers && !here.known && !whole.known:
			return decider.Refuse("account/person-unknown")
		case err != nil:
			return err
		case administers: // whoever was first: nobody takes it from them here
			return decider.Refuse("account/last-administrator")
		case q.Grant > req.Own || has > req.Own:
			return decider.Refuse("account/grant-beyond-own")
		}
		if whole.known && whole.may > q.Grant {
			if err := keepAnAdministrator(tx, whole); err != nil {
				return err
			}
			whole.may = q.Grant
			if err := whole.write(tx, a.now()); err != nil {
				return err
			}
		}
		here.may = q.Grant
		if err := here.write(tx, a.now()); err != nil {
			return err
		}
		devices, err = devicesOf(ctx, tx, q.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.left(devices...)
	return a.grants(ctx, &apiv1.ListGrantsRequest{Workspace: q.Workspace, Initiative: q.Initiative})
}

// keepAnAdministrator refuses to lower the last one who runs a workspace.
func keepAnAdministrator(tx *sql.Tx, m membership) error {
	if m.may < apiv1.Grant_GRANT_ADMINISTER {
		return nil
	}
	var another bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE administers) OR
		EXISTS (SELECT 1 FROM membership WHERE workspace = ? AND initiative = '' AND may >= ? AND account <> ?)`,
		m.workspace, apiv1.Grant_GRANT_ADMINISTER, m.account).Scan(&another)
	if err == nil && !another {
		return decider.Refuse("account/last-administrator")
	}
	return err
}

// belong makes somebody the administrator of a workspace that they founded, or opened an initiative in.
func (a *accounts) belong(ctx context.Context, req *peoplev1.BelongRequest) (*peoplev1.BelongResponse, error) {
	if !isUUID(req.Account) || !isID(req.Workspace) {
		return nil, decider.Refuse("people/request-unreadable")
	}
	var devices []string
	err := a.db.Write(ctx, func(tx *sql.Tx) error {
		m, err := readMembership(tx, req.Account, req.Workspace, "")
		if err != nil || m.may >= apiv1.Grant_GRANT_ADMINISTER {
			return err
		}
		m.may = apiv1.Grant_GRANT_ADMINISTER
		if err := m.write(tx, a.now()); err != nil {
			return err
		}
		devices, err = devicesOf(ctx, tx, req.Account)
		return err
	})
	a.left(devices...)
	return &peoplev1.BelongResponse{}, err
}
