"""The page "Your data": uploads, checked, explained, and stored in the browser for all dashboards."""
