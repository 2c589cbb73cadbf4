"""The table that the platform's people have beside Django's own."""

from django.contrib.auth.models import User
from django.db import models


class Profile(models.Model):
    """What a person is called; the consumer reads it with the people."""

    user = models.OneToOneField(User, related_name="profile", on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
