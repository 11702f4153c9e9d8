Feature: A reversal of another day
  The till was without power over night. The host has settled the day and takes nothing back, so people must look.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And "T1" loses its power right after sending the 1st sale

  @REV-024 @host-control @clock
  Scenario: The host takes nothing back, and the till puts the payment on its exception list
    When Bob swipes 10.00 CNY at "T1"
    And 24 hours pass
    And "T1" starts again
    Then "T1" shows REVERSAL_GIVEN_UP
    And these messages went over the wire
      | from | message         | trace | code |
      | T1   | sale            | 2     |      |
      | host | sale answer     | 2     | 00   |
      | T1   | reversal        | 2     | 98   |
      | host | reversal answer | 2     | 25   |
    And "T1" has the 1st sale as exception
    And the host has the 1st sale as approved
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @REV-024 @clock
  Scenario: On the same day the power's return takes it back
    When Bob swipes 10.00 CNY at "T1"
    And 2 hours pass
    And "T1" starts again
    Then "T1" shows REVERSED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY
