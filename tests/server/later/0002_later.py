"""What a later version adds: a table with a row, and a column of one that is in use."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]  # noqa: RUF012 - so does Django
    operations = [  # noqa: RUF012
        migrations.CreateModel("Later", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunSQL("INSERT INTO records_later DEFAULT VALUES"),
        migrations.AddField("organisation", "motto", models.CharField(max_length=80, default="Proven")),
    ]
