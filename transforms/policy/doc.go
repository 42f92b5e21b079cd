// Package policy turns a privacy notice into decisions: what may be loaded, who may use or receive which datum for which
// purpose, what a person's consents and objections come to, and when a record has to go.
//
// A [Pack] is one notice as data: a YAML document whose every entry cites the clauses of the notice that it carries out.
// [Parse] reads and checks one, [Shipped] gives the ones that come with the program, [Collect] puts several versions on
// a [Shelf] that knows which is in force on a date. The questions a pack answers:
//
//   - [Pack.Loader]: may rows of this feed and table be stored, under which category and basis, and which rows not?
//   - [Pack.Member]: is the person a member of the register, since when, until when?
//   - [Pack.Effective]: what do all consents and objections of a person come to?
//   - [Pack.Decide], and [Pack.Case] for many persons: may this category go to this recipient for this purpose?
//   - [Pack.Due] and [Pack.Held]: which records have outlived their period, and which of them does a hold keep?
//   - [Suppression.Kept], [Borne]: by which marks is an erased person known when a source exports it again?
//   - [Pack.Coverage] and [Pack.Gaps]: what holds each rule of the notice, and which data does no rule cover? The
//     [Examples] of a pack show each rule by a question and the answer that it wants.
//
// # Order of decision
//
// Nothing is allowed that no entry allows. When entries speak against each other, the first of this list wins:
//
//  1. a freezing hold or a restriction: the datum is kept and not used (GDPR 18);
//  2. erasure and suppression: a hold keeps a datum from being erased, it never brings back its use;
//  3. death, then the address protection order where the recipient's entry does not take protected people;
//  4. membership, where the purpose is for members only; then the closed list of the person's group;
//  5. the case, where a purpose is open under a hold alone;
//  6. an objection whose scope covers the purpose;
//  7. consent: a refusal or withdrawal stops the purpose; a purpose that needs consent needs a granted one;
//  8. the purpose's own entry, or the disclosure's where somebody else receives the datum.
//
// Before a person is looked at, these refuse for everybody: a pack not in force, a refusal by name, a use or recipient
// without an entry, a use for another event than the one that the datum was given for, a legitimate interest without an
// assessment in force, a processor without an agreement, a recipient outside the area without a safeguard, and data of
// GDPR 9 for any recipient. A register has one pack at a time. Where several of its rules must each let a datum go, as the
// use of what is counted and the disclosure of the count, [Meet] lets the stricter win. Of records, a hold goes before
// erasure.
//
// An objection covers the purposes that its entry lists and no others. So an objection to marketing leaves the career
// survey untouched: the survey rests on public interest (GDPR 6(1)(e)) and has its own objection. In doubt the stricter
// reading wins: an objection of a scope unknown to the pack stops everything, an unknown hold freezes, and a query that
// names no channel is refused when the person objected to, or withdrew consent for, any.
//
// The package is pure. It reads no clock, file or store and knows neither systems' columns nor pipelines; instants and
// dates are passed in, and packs are bytes.
package policy
