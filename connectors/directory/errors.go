package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

var (
	errBase = fault.New("UOMA-SRC-BASE", "the directory has no entry of the name to search below, or hides it",
		"compare the path of the system's URL with the directory's owner, and what our name may read").For(fault.Source)
	errLimit = fault.New("UOMA-SRC-LIMIT", "the directory gave a part of the entries, because a limit of its own was reached",
		"let its owner raise the limits of size and time for our name; nothing was removed").For(fault.Source)
	errReferral = fault.New("UOMA-SRC-REFERRAL", "the directory refers to another server, which is never followed",
		"name the server that has the entries itself").For(fault.Source)
	errEntries = fault.New("UOMA-SRC-ROWS", "the search gives more entries than any source may",
		"compare the filter with the directory").For(fault.Source)
	errParts = fault.New("UOMA-SRC-PARTS", "the directory gives the values of an attribute in parts, of which the search sees one",
		"leave the attribute out of the layout, or let the directory give all values at once").For(fault.Source)
	errFilter = fault.New("UOMA-SRC-FILTER", "the layout's filter is not one", "write it as RFC 4515 says: (&(objectClass=eduPerson)(uid=*))").For(fault.Source)
)

// errBusy is no fault: the same may succeed later.
var errBusy = errors.New("the directory is busy")

// told gives what an error of the library means: the end of the context, a fault, or what may be the line's.
func told(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var own *fault.Error
	var answer *ldap.Error
	if errors.As(err, &own) || !errors.As(err, &answer) {
		return remote.Peer(err)
	}
	switch answer.ResultCode {
	case ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		return errLimit
	case ldap.LDAPResultReferral:
		return errReferral
	case ldap.LDAPResultNoSuchObject:
		return errBase
	case ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultStrongAuthRequired,
		ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultAuthMethodNotSupported:
		return remote.Login(err)
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return errBusy
	case ldap.ErrorFilterCompile:
		return errFilter
	case ldap.ErrorNetwork: // wraps what the line said
		return remote.Peer(answer.Err)
	}
	if answer.ResultCode >= ldap.ErrorNetwork { // what the library says itself
		return errors.New("the answer was not understood")
	}
	return remote.Answer(fmt.Sprintf("LDAP result %d", answer.ResultCode))
}

// lost is told of an error behind which the pages that are left are gone.
func lost(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if err = told(ctx, err); fault.Code(err) == "" && ctx.Err() == nil {
		return remote.Unreachable(err)
	}
	return err
}
