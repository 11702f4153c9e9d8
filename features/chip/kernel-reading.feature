Feature: What a till reads of a chip
  Selection, processing options and records: a till pays with what the card says rightly, and leaves the rest alone.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @KRN-001 @host-control
  Scenario: A chip that says its expiry date twice is not paid with
    Given Carol's chip repeats "5F24" at "READ RECORD"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-002 @host-control
  Scenario: A chip that does not say what its last cryptogram is over is not paid with
    Given Carol's chip holds
      | tag | value |
      | 8D  |       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-002 @host-control
  Scenario: A chip that does not say when it expires is not paid with
    Given Carol's chip holds
      | tag  | value |
      | 5F24 |       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-003 @host-control
  Scenario: The second application pays when the first one does not want to
    Given Carol's card is of kind "unionpay-two"
    And Carol's chip answers the 1st "GET PROCESSING OPTIONS" with "6985"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "GET PROCESSING OPTIONS" 2 times
    And Carol's card holds 990.00 CNY

  @KRN-004 @host-control
  Scenario: A card that is for cash machines only buys nothing
    Given Carol's chip holds
      | tag  | value |
      | 9F07 | C200  |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And the terminal verification results at "T1" say "offline data authentication not performed; service not allowed for this card; online PIN entered; amount over the floor limit"
    And Carol's card holds 1000.00 CNY

  @KRN-004 @host-control
  Scenario: The issuer hears that the application has expired
    Given Carol's chip holds
      | tag  | value  |
      | 5F24 | 251231 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "application expired; online PIN entered; amount over the floor limit"

  @KRN-004 @host-control
  Scenario: The issuer hears that the application is not yet good, and of another version
    Given Carol's chip holds
      | tag  | value  |
      | 5F25 | 290101 |
      | 9F08 | 0096   |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "application versions differ; application not yet effective; online PIN entered; amount over the floor limit"
