"""Link a CSV of people with Splink, with the settings that its documentation shows for such columns.

Usage: splink_link.py RECORDS.csv                               prints the settings that fit, and what the table calls them
       splink_link.py RECORDS.csv SETTINGS CLUSTERS.csv EDGES.csv

Where the columns are those of a published demonstration (fake_1000, febrl3, historical_50k), its comparisons, blocking
rules and training are used as published, with a fixed seed; any other file of people gets the settings of the
historical_50k demonstration on columns of the same meaning, with every further column compared by what the library offers
for its kind, and once more as we would tune it. Clusters are made at a match probability of 0.95, as in the documentation's
examples of clusters; the first two demonstrations make none. EDGES.csv gets every pair above 0.01, for best_threshold.py.
"""
import sys

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

CLUSTER_AT = 0.95
PREDICT_FROM = 0.01


def fake_1000(has):
    """Example "Evaluation from ground truth column"."""
    return dict(
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking=[block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        certain=[
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ],
        recall=0.7, pairs=1e6, train=[block_on("dob"), block_on("email"), block_on("first_name", "surname")],
        without_frequencies=True,
    )


def febrl3(has):
    """Example "Febrl3 dedupe". Without soc_sec_id the rules that name it fall away."""
    number = has("soc_sec_id")
    return dict(
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            *([cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2])] if number else []),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        blocking=[
            *([block_on("soc_sec_id")] if number else []),
            block_on("given_name"), block_on("surname"), block_on("date_of_birth"), block_on("postcode"),
        ],
        certain=[
            *([block_on("soc_sec_id")] if number else []),
            block_on("given_name", "surname", "date_of_birth"),
            "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
        ],
        recall=0.9, pairs=1e6, train=[block_on("date_of_birth"), block_on("postcode")], without_frequencies=False,
    )


def person(has, email=cl.EmailComparison("email")):
    """Example "Deduplicate 50k rows historical persons", on the columns that are there, by the names of standardise()."""
    optional = [
        ("postcode", cl.PostcodeComparison("postcode") if has("postcode_fake") else
         cl.DamerauLevenshteinAtThresholds("postcode", [1, 2])),
        ("birth_place", cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True)),
        ("occupation", cl.ExactMatch("occupation").configure(term_frequency_adjustments=True)),
        ("street", cl.JaroWinklerAtThresholds("street", [0.9])),
        ("city", cl.ExactMatch("city").configure(term_frequency_adjustments=True)),
        ("phone", cl.DamerauLevenshteinAtThresholds("phone", [1])),
        ("email", email),
        *((name, cl.DamerauLevenshteinAtThresholds(name, [1])) for name in NUMBERS),
    ]
    rules = [
        ("substr(first_name,1,3)", "substr(surname,1,4)"), ("surname", "dob"), ("first_name", "dob"),
        ("postcode", "first_name"), ("postcode", "surname"), ("dob", "birth_place"),
        ("substr(postcode,1,3)", "dob"), ("substr(postcode,1,3)", "first_name"), ("substr(postcode,1,3)", "surname"),
        ("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
    ]
    # Not as published: where postcodes are numbers, three digits with a common name make pairs without end.
    if not has("birth_place"):
        rules = [r for r in rules if r not in (rules[7], rules[8])]
    rules += [(name,) for name in ("phone", "email", *NUMBERS)]
    known = lambda rule: all(has(c) for c in ("postcode", "birth_place", "phone", "email", *NUMBERS) if any(c in part for part in rule))
    return dict(
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="first_name_surname_concat"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            *(comparison for name, comparison in optional if has(name)),
        ],
        blocking=[block_on(*r) for r in rules if known(r)],
        certain=[block_on("first_name", "surname", "dob"), *(block_on(n) for n in ("email", *NUMBERS) if has(n))],
        recall=0.6, pairs=5e6, train=[block_on("first_name", "surname"), block_on("dob")], without_frequencies=True,
    )


def tuned(has):
    """person, as somebody sets it who looked at its mistakes: the names within addresses must not count as evidence again."""
    return person(has, email=cl.LevenshteinAtThresholds("email", [1]))


NUMBERS = ("hetu", "oppijanumero", "student_number", "employee_number")


def standardise(con, has):
    """Gives our columns the names and forms that Splink asks for: lower case, no signs, one first name."""
    said = {
        "first_name": "split_part(lower(coalesce(call_name, given_names)), ' ', 1)",
        "surname": "lower(family_name)",
        "dob": "birth_date",
        "phone": "right(regexp_replace(phone, '[^0-9]', '', 'g'), 8)",
        "email": "lower(email)",
        "street": "lower(street)",
    }
    if has("family_name"):
        new = ", ".join(f"{value} AS {name}" for name, value in said.items())
        con.execute(f"CREATE TABLE people AS SELECT * EXCLUDE (phone, email, street), {new} FROM raw")
    elif has("postcode_fake"):
        con.execute("CREATE TABLE people AS SELECT *, postcode_fake AS postcode FROM raw")
    else:
        con.execute("CREATE TABLE people AS SELECT * FROM raw")


def columns(con, table):
    """The columns that hold any value."""
    names = [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
    counts = con.execute("SELECT " + ", ".join(f'count("{name}")' for name in names) + f" FROM {table}").fetchall()[0]
    return {name for name, count in zip(names, counts) if count}


def fitting(names):
    """The settings that fit, by name; the published demonstration of these very columns first."""
    recipes = []
    if {"first_name", "surname", "dob", "city", "email"} <= names and "postcode" not in names:
        recipes.append(fake_1000)
    if {"given_name", "surname", "date_of_birth", "street_number", "postcode"} <= names:
        recipes.append(febrl3)
    if {"first_name", "surname", "dob"} <= names:
        recipes.append(person)
    if "family_name" in names:
        recipes.append(tuned)
    if not recipes:
        sys.exit("splink_link.py: no settings for these columns")
    return {recipe.__name__: recipe for recipe in recipes}


def main(records, chosen=None, clusters=None, edges=None):
    con = duckdb.connect()
    con.execute("CREATE TABLE raw AS SELECT * FROM read_csv(?, all_varchar=true, header=true, nullstr='')", [records])
    names = columns(con, "raw")
    unique_id = next(n for n in ("record_id", "rec_id", "unique_id", "id") if n in names)
    standardise(con, names.__contains__)
    names = columns(con, "people")
    if "first_name" in names and "surname" in names:
        con.execute("ALTER TABLE people ADD COLUMN first_name_surname_concat VARCHAR")
        con.execute("UPDATE people SET first_name_surname_concat = first_name || ' ' || surname")
    recipes = fitting(names)
    if chosen is None:
        print("\n".join(f"{name}\tSplink, {name} settings, {CLUSTER_AT}" for name in recipes))
        return
    s = recipes[chosen](names.__contains__)
    settings = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name=unique_id, comparisons=s["comparisons"],
        blocking_rules_to_generate_predictions=s["blocking"],
    )
    linker = Linker(DuckDBAPI(con).register("people"), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(s["certain"], recall=s["recall"])
    linker.training.estimate_u_using_random_sampling(max_pairs=s["pairs"], seed=1)
    for rule in s["train"]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=s["without_frequencies"])
    predictions = linker.inference.predict(threshold_match_probability=PREDICT_FROM)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold_match_probability=CLUSTER_AT)
    con.execute(f"COPY (SELECT {unique_id} AS record_id, cluster_id FROM {found.physical_name}) TO '{clusters}' (HEADER)")
    con.execute(f"COPY (SELECT {unique_id}_l, {unique_id}_r, match_weight FROM {predictions.physical_name}) TO '{edges}' (HEADER)")


if __name__ == "__main__":
    main(*sys.argv[1:])
