"""`harness init`: the files with which a Django project is measured, made from its settings and its URLconf."""
