"""The page "Your data": what a visitor brings, checked, explained, and kept in the browser for all dashboards."""
