"""VAT of the European Union and the names of countries: pure functions and tables of the law, nothing of ours."""
