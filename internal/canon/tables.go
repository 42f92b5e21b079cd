package canon

func table(name string, columns ...Column) Table {
	return Table{Name: name, Columns: append(Provenance(), columns...)}
}

// Attribution is the table of where the values of a source row are from: who provided it, under which licence and until when,
// and who changed it in the source and when. It is about the other rows of its source row, and none without them.
const Attribution = "attribution"

// shared are the canonical tables that nobody changes.
var shared = Tables()

// Named gives a canonical table, or nil. Everybody is given the same one, to be read only.
func Named(name string) *Table {
	for i := range shared {
		if shared[i].Name == name {
			return &shared[i]
		}
	}
	return nil
}

// Tables lists the canonical tables in a fixed order. The slice is the caller's own.
//
// In person, nationality holds alpha-2 codes in source order joined by a comma; sex is the VIRTA code 1, 2 or 9; merged_into is
// the key of the person of the same system into whom the one with the row's key was merged; languages are ISO 639-1; countries
// ISO 3166-1 alpha-2; deceased is set with or without a date.
func Tables() []Table {
	return []Table{
		table("person",
			Column{"hetu", Text, Identifier}, Column{"fnr", Text, Identifier}, Column{"oppijanumero", Text, Identifier},
			Column{"orcid", Text, Identifier}, Column{"source_key", Text, Identifier}, Column{"merged_into", Text, Identifier},
			Column{"student_number", Text, Identifier}, Column{"employee_number", Text, Identifier},
			Column{"eppn", Text, Identifier}, Column{"institution_code", Text, Plain},
			Column{"birth_date", Day, Identifier}, Column{"birth_year", Int, Quasi},
			Column{"title", Text, Plain}, Column{"family_name", Text, Name}, Column{"former_family_name", Text, Name},
			Column{"given_names", Text, Name}, Column{"call_name", Text, Name},
			Column{"sex", Text, Quasi}, Column{"nationality", Text, Quasi}, Column{"mother_tongue", Text, Quasi},
			Column{"contact_language", Text, Plain}, Column{"home_municipality", Text, Quasi},
			Column{"deceased", Bool, Quasi}, Column{"deceased_date", Day, Quasi}, Column{"protected", Bool, Quasi},
			Column{"modified_at", Instant, Plain}),
		table("email", Column{"kind", Text, Contact}, Column{"address", Text, Contact}),
		table("phone", Column{"kind", Text, Contact}, Column{"number", Text, Contact}),
		table("address",
			Column{"kind", Text, Contact}, Column{"line1", Text, Contact}, Column{"line2", Text, Contact},
			Column{"line3", Text, Contact}, Column{"postcode", Text, Contact}, Column{"city", Text, Contact},
			Column{"region", Text, Contact}, Column{"country", Text, Contact}),
		table("study",
			Column{"right_key", Text, Key}, Column{"type", Text, Plain}, Column{"start", Day, Plain},
			Column{"end", Day, Plain}, Column{"state", Text, Plain}, Column{"state_from", Day, Plain},
			Column{"programme_code", Text, Plain}, Column{"programme_name", Text, Plain},
			Column{"degree_code", Text, Plain}, Column{"field", Text, Plain}, Column{"field_version", Text, Plain},
			Column{"group", Text, Plain}, Column{"unit", Text, Plain}, Column{"campus", Text, Plain},
			Column{"municipality", Text, Plain}, Column{"language", Text, Plain}, Column{"funding", Text, Plain},
			Column{"institution_code", Text, Plain}),
		table("degree",
			Column{"key", Text, Key}, Column{"right_key", Text, Key}, Column{"date", Day, Plain},
			Column{"code", Text, Plain}, Column{"title", Text, Plain}, Column{"ects", Decimal, Plain},
			Column{"grade", Text, Plain}, Column{"scale", Text, Plain}, Column{"institution_code", Text, Plain},
			Column{"subject", Text, Plain}),
		table("enrolment",
			Column{"term_start", Day, Plain}, Column{"term_end", Day, Plain}, Column{"state", Text, Plain},
			Column{"right_key", Text, Key}, Column{"date", Day, Plain}, Column{"institution_code", Text, Plain}),
		table("employment",
			Column{"employer", Text, Plain}, Column{"employer_id", Text, Plain}, Column{"title", Text, Plain},
			Column{"unit_code", Text, Plain}, Column{"unit", Text, Plain}, Column{"start", Day, Plain},
			Column{"end", Day, Plain}, Column{"status", Text, Plain}),
		table("org",
			Column{"key", Text, Key}, Column{"name", Text, Plain}, Column{"business_id", Text, Plain},
			Column{"phone", Text, Contact}, Column{"email", Text, Contact}, Column{"web", Text, Contact}),
		table("role", Column{"kind", Text, Plain}, Column{"from", Day, Plain}, Column{"to", Day, Plain}),
		table("consent",
			Column{"purpose", Text, Plain}, Column{"topic", Text, Plain}, Column{"channel", Text, Plain},
			Column{"state", Text, Plain}, Column{"time", Instant, Plain}, Column{"source", Text, Plain},
			Column{"text_version", Text, Plain}, Column{"contact_point", Text, Contact}),
		table("objection",
			Column{"scope", Text, Plain}, Column{"channel", Text, Plain}, Column{"time", Instant, Plain}),
		table("event",
			Column{"key", Text, Key}, Column{"name", Text, Plain}, Column{"date", Day, Plain},
			Column{"invited", Bool, Plain}, Column{"responded", Bool, Plain}, Column{"attended", Bool, Plain}),
		table("payment",
			Column{"key", Text, Key}, Column{"amount", Decimal, Plain}, Column{"currency", Text, Plain},
			Column{"date", Day, Plain}, Column{"status", Text, Plain}),
		table("internship",
			Column{"key", Text, Key}, Column{"employer", Text, Plain}, Column{"start", Day, Plain},
			Column{"end", Day, Plain}, Column{"supervisor", Text, Name}, Column{"status", Text, Plain}),
		table("project",
			Column{"key", Text, Key}, Column{"name", Text, Plain}, Column{"role", Text, Plain},
			Column{"task", Text, Plain}, Column{"state", Text, Plain}, Column{"start", Day, Plain},
			Column{"end", Day, Plain}),
		table("exam",
			Column{"key", Text, Key}, Column{"name", Text, Plain}, Column{"booked_from", Instant, Plain},
			Column{"booked_to", Instant, Plain}, Column{"no_show", Bool, Plain}, Column{"date", Day, Plain},
			Column{"grade", Text, Plain}, Column{"scale", Text, Plain}, Column{"feedback", Text, FreeText},
			Column{"published_at", Instant, Plain}),
		table("recording",
			Column{"key", Text, Key}, Column{"camera", Text, Plain}, Column{"start", Instant, Plain},
			Column{"end", Instant, Plain}, Column{"hold", Bool, Plain}),
		table("access",
			Column{"time", Instant, Plain}, Column{"door", Text, Plain}, Column{"card", Text, Key},
			Column{"result", Text, Plain}),
		table("interaction",
			Column{"time", Instant, Plain}, Column{"channel", Text, Plain}, Column{"direction", Text, Plain},
			Column{"summary", Text, FreeText}),
		table(Attribution,
			Column{"provider", Text, Plain}, Column{"licence", Text, Plain}, Column{"licence_until", Day, Plain},
			Column{"author", Text, Key}, Column{"changed_at", Instant, Plain}),
	}
}
