package likeness

// everydayForms lists given names with the forms that people use every day, one person's names on a line. A form may
// stand on several lines (Jussi is short for Juhani and for Johannes); two names of one line are not the same name when
// both are formal, so that the formal ones stand before the bar.
const everydayForms = `
