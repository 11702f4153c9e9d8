@host-control @clock
Feature: How merchants get their money
  A day ends at the cut-off, and its money is on its way on the next working day, less the fees. Virtual days begin on Monday, 1 June 2026.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @MER-015
  Scenario: A sale of Monday is paid on Tuesday morning
    Given Alice has paid 100.00 CNY at "T1"
    When 24 hours pass
    Then "Noodle House" was paid out
      | at               | amount    | surcharge | state |
      | 2026-06-02 09:00 | 99.50 CNY | 0.00 CNY  | paid  |
    And the bank of "Noodle House" has received 99.50 CNY
    And the office owes "Noodle House" 0.00 CNY

  @MER-015
  Scenario Outline: A sale of <at> is paid on <paid>
    Given it is "<at>"
    And operator "01" logs in at "T1"
    And Alice has paid 100.00 CNY at "T1"
    When 10 days pass
    Then "Noodle House" was paid out
      | at     | amount    | state |
      | <paid> | 99.50 CNY | paid  |

    Examples: Friday, the day before the Dragon Boat festival, National Day, and a Friday before a Sunday on which banks work
      | at                  | paid             |
      | 2026-06-05 12:00:00 | 2026-06-08 09:00 |
      | 2026-06-18 12:00:00 | 2026-06-22 09:00 |

  @MER-016
  Scenario: What is sold behind the cut-off is paid a day later
    Given it is "2026-06-01 22:59:00"
    And operator "01" logs in at "T1"
    And Alice has paid 100.00 CNY at "T1"
    And 2 minutes pass
    And Alice has paid 50.00 CNY at "T1"
    When 4 days pass
    Then "Noodle House" was paid out
      | at               | amount    |
      | 2026-06-02 09:00 | 99.50 CNY |
      | 2026-06-03 09:00 | 49.75 CNY |

  @MER-017
  Scenario: Money on the day itself costs a surcharge
    Given "Noodle House" is paid D+0
    And Alice has paid 1000.00 CNY at "T1"
    When 24 hours pass
    Then "Noodle House" was paid out
      | at               | amount     | surcharge | state |
      | 2026-06-01 23:00 | 994.70 CNY | 0.30 CNY  | paid  |
    And the statement of "Noodle House" for yesterday comes to
      | opening  | sold        | fees     | net        | closing  |
      | 0.00 CNY | 1000.00 CNY | 5.00 CNY | 995.00 CNY | 0.00 CNY |

  @MER-017
  Scenario: So does money at once, and nothing is paid a second time
    Given Alice has paid 1000.00 CNY at "T1"
    When "Noodle House" wants its money at once
    And "Noodle House" wants its money at once
    And 24 hours pass
    Then the office says NOTHING
    And "Noodle House" was paid out
      | at               | amount     | surcharge |
      | 2026-06-01 09:30 | 994.70 CNY | 0.30 CNY  |

  @MER-018
  Scenario: A refund of what was paid out waits for the next sales
    Given Alice has paid 100.00 CNY at "T1"
    And 24 hours pass
    And operator "01" logs in at "T1"
    And Alice has 100.00 CNY of the 1st sale refunded at "T1"
    And 24 hours pass
    And the office owes "Noodle House" -99.50 CNY
    And operator "01" logs in at "T1"
    And Alice has paid 300.00 CNY at "T1"
    When 24 hours pass
    Then "Noodle House" was paid out
      | at               | amount     | state |
      | 2026-06-02 09:00 | 99.50 CNY  | paid  |
      | 2026-06-04 09:00 | 199.00 CNY | paid  |
    And the office owes "Noodle House" 0.00 CNY

  @MER-019
  Scenario: What the bank has refused is paid again
    Given Alice has paid 100.00 CNY at "T1"
    And the bank of "Noodle House" takes nothing
    And 24 hours pass
    And the office owes "Noodle House" 99.50 CNY
    And the bank of "Noodle House" is well again
    When 24 hours pass
    Then "Noodle House" was paid out
      | at               | amount    | state  |
      | 2026-06-02 09:00 | 99.50 CNY | failed |
      | 2026-06-03 09:00 | 99.50 CNY | paid   |
    And the bank of "Noodle House" has received 99.50 CNY

  @MER-020
  Scenario: What the bank has not answered is asked about, and not paid again
    Given Alice has paid 100.00 CNY at "T1"
    And the bank of "Noodle House" pays and says nothing
    And 48 hours pass
    And the bank of "Noodle House" is well again
    When 24 hours pass
    Then "Noodle House" was paid out
      | at               | amount    | state |
      | 2026-06-02 09:00 | 99.50 CNY | paid  |
    And the bank of "Noodle House" has received 99.50 CNY
    And the office owes "Noodle House" 0.00 CNY
