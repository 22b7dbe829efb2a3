"""What the API answers, field by field.

Answers are written by the read models as JSON text and are never parsed on their way out. These models only describe
them, for ``/openapi.json``; the tests hold every answer against its model.
"""
