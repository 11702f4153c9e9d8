Feature: A chip signs what it was told
  A signature that leaves something out can be moved to another payment.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CRD-015 @host-control
  Scenario: The combined signature covers what the application was begun with
    When Max inserts his card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value      |
      | 95   | 0080008000 |
      | 9F27 | 80         |
    And Max's card holds 990.00 CNY

  @CRD-016 @host-control
  Scenario: The dynamic signature covers the till's own number
    When Olga inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag | value      |
      | 95  | 0000008000 |
